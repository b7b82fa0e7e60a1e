/** A directory in which Terraform runs with a provider built from provider/, and nothing else of this machine. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const minute = 60_000;

/** What a plan does to one object. */
export interface Planned {
  readonly address: string;
  readonly actions: readonly string[];
}

export class Workbench {
  private constructor(readonly directory: string) {}

  /** Build the provider, and have Terraform take it from there. */
  static async open(): Promise<Workbench> {
    const directory = await mkdtemp(join(tmpdir(), 'pgprov-'));
    const { version } = JSON.parse(await readFile(join(root, 'provider', 'version.json'), 'utf8')) as {
      version: string;
    };
    const { stdout: target } = await run('go', ['env', 'GOOS', 'GOARCH'], { timeout: minute });
    const place = join(directory, 'plugins/pgraft.local/embedded/docker', version, target.trim().replace('\n', '_'));
    await mkdir(place, { recursive: true });
    const program = join(place, `terraform-provider-docker_v${version}`);
    await run('go', ['build', '-o', program, '.'], { cwd: join(root, 'provider'), timeout: 5 * minute });
    await cp(join(import.meta.dirname, 'stack'), directory, { recursive: true });
    const bench = new Workbench(directory);
    await bench.terraform('init', `-plugin-dir=${join(directory, 'plugins')}`);
    return bench;
  }

  async close(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Run Terraform; its output, or an error that carries it. */
  async terraform(...args: string[]): Promise<string> {
    const { stdout, stderr } = await run(process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform', [...args, '-no-color'], {
      cwd: this.directory,
      timeout: 3 * minute,
      env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '', TF_IN_AUTOMATION: '1' },
    });
    return stdout + stderr;
  }

  apply(...args: string[]): Promise<string> {
    return this.terraform('apply', '-auto-approve', '-input=false', ...args);
  }

  /** What would change, by address; empty when nothing would. */
  async plan(...args: string[]): Promise<Planned[]> {
    await this.terraform('plan', '-input=false', '-out=plan', ...args);
    const shown = JSON.parse(await this.terraform('show', '-json', 'plan')) as {
      resource_changes?: { address: string; change: { actions: string[] } }[];
    };
    return (shown.resource_changes ?? [])
      .map(({ address, change }) => ({ address, actions: change.actions }))
      .filter(({ actions }) => actions.join() !== 'no-op')
      .sort((a, b) => a.address.localeCompare(b.address));
  }
}

/** Run the docker command line; what it prints. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { timeout: minute });
  return stdout.trim();
}
