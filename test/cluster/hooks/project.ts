/**
 * A project beside the real one: the real cluster stack, real Terraform and Docker, but containers that only sleep and
 * hooks that only write down that they ran. So the order in which Terraform calls hooks is seen, and nothing else.
 */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadSettings } from '../../../constructs/load-settings.js';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..', '..');
const prefix = 'pgraft-test-hooks';
const image = `${prefix}:sleep`;
const deadline = 120_000;

/** What a hook wrote down: its name with its slot, and what it was told. */
export interface HookRun {
  readonly hook: string;
  /** Containers that ran when the hook did, by node name. */
  readonly running: readonly string[];
  /** Number of servers declared. */
  readonly declared: number;
  /** What the real hooks go by: the run destroys the whole. */
  readonly tearingDown: boolean;
}

export interface Outcome {
  readonly succeeded: boolean;
  readonly output: string;
  readonly hooks: readonly HookRun[];
}

/** In place of scripts/hooks/run.mjs: note the run, then fail when a file of the hook's name says so. */
const runBody = `
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { register } from 'tsx/esm/api';
import { ancestorTerraform, isTearingDown } from '${repository}/scripts/kit/processes.mjs';
register();
const { readHookCall } = await import('${repository}/constructs/hook-input.ts');
const name = process.argv[2];
const { input, cluster } = readHookCall(name, process.env);
const hook = name + (input.node ?? '');
const filter = ['--filter', 'label=pgraft.cluster=' + input.prefix, '--format', '{{.Names}}'];
const names = execFileSync('docker', ['ps', ...filter], { encoding: 'utf8' }).trim().split('\\n').filter(Boolean);
const running = names.map((container) => container.slice(input.prefix.length + 1)).sort();
const declared = cluster.nodes.length;
const tearingDown = isTearingDown(ancestorTerraform());
appendFileSync('hooks.log', JSON.stringify({ hook, running, declared, tearingDown }) + '\\n');
if (existsSync('fail-' + hook)) throw new Error('told to fail');
`;

const mainBody = `
import { App } from 'cdktf';
import { ClusterStack } from '${repository}/constructs/cluster-stack.ts';
import { parseSettings } from '${repository}/constructs/settings.ts';
const app = new App({ stackTraces: false, skipValidation: true });
const settings = parseSettings({ context: JSON.parse(process.env.PGRAFT_TEST_CONTEXT) });
new ClusterStack(app, 'cluster', { settings, image: '${image}', root: import.meta.dirname });
app.synth();
`;

export class HookProject {
  private constructor(private readonly directory: string) {}

  static async open(): Promise<HookProject> {
    const directory = mkdtempSync(join(tmpdir(), `${prefix}-`));
    symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}');
    writeFileSync(join(directory, 'main.ts'), mainBody);
    mkdirSync(join(directory, 'scripts', 'hooks'), { recursive: true });
    writeFileSync(join(directory, 'scripts', 'hooks', 'run.mjs'), runBody);
    const project = new HookProject(directory);
    await project.buildImage();
    return project;
  }

  /** Deploy `context`; the hooks in `failing` fail. */
  async deploy(context: Readonly<Record<string, unknown>>, failing: readonly string[] = []): Promise<Outcome> {
    const dockerProvider = loadSettings(repository).dockerProvider;
    const settings = { prefix, postgresPort: 17560, raftPort: 17580, dockerProvider, ...context };
    await this.execute('node', ['--import', 'tsx', 'main.ts'], this.directory, JSON.stringify(settings));
    if (!existsSync(join(this.stack, '.terraform'))) await this.terraform(['init', '-input=false', '-no-color']);
    return this.apply('apply', failing);
  }

  /** Destroy everything; the hooks in `failing` fail. */
  async destroy(failing: readonly string[] = []): Promise<Outcome> {
    return this.apply('destroy', failing);
  }

  async removeContainer(node: string): Promise<void> {
    await run('docker', ['rm', '--force', `${prefix}-${node}`], { timeout: deadline });
  }

  /** Containers, volumes and networks of this project, by name. */
  async objects(): Promise<string[]> {
    const label = ['--filter', `label=pgraft.cluster=${prefix}`];
    const lists = [
      ['ps', '--all', ...label, '--format', '{{.Names}}'],
      ['volume', 'ls', ...label, '--format', '{{.Name}}'],
      ['network', 'ls', ...label, '--format', '{{.Name}}'],
    ].map(async (args) => (await run('docker', args, { timeout: deadline })).stdout.split('\n').filter(Boolean));
    return (await Promise.all(lists)).flat().sort();
  }

  /** Remove whatever is left, also after a failed test. */
  async close(): Promise<void> {
    if (existsSync(join(this.stack, '.terraform'))) await this.destroy();
    rmSync(this.directory, { recursive: true });
    await run('docker', ['image', 'rm', '--force', image], { timeout: deadline });
  }

  private get stack(): string {
    return join(this.directory, 'cdktf.out', 'stacks', 'cluster');
  }

  private async buildImage(): Promise<void> {
    const context = join(this.directory, 'image');
    mkdirSync(context);
    appendFileSync(
      join(context, 'Dockerfile'),
      `FROM debian:trixie-slim\nCMD ["/bin/sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"]\n`,
    );
    await run('docker', ['build', '--quiet', '--tag', image, context], { timeout: deadline });
  }

  private async apply(action: 'apply' | 'destroy', failing: readonly string[]): Promise<Outcome> {
    const log = join(this.directory, 'hooks.log');
    const orders = failing.map((hook) => join(this.directory, `fail-${hook}`));
    writeFileSync(log, '');
    for (const order of orders) writeFileSync(order, '');
    try {
      const { succeeded, output } = await this.terraform([action, '-auto-approve', '-input=false', '-no-color']);
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      return { succeeded, output, hooks: lines.map((line) => JSON.parse(line) as HookRun) };
    } finally {
      for (const order of orders) rmSync(order);
    }
  }

  private async terraform(args: readonly string[]): Promise<{ succeeded: boolean; output: string }> {
    const program = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
    try {
      return { succeeded: true, output: await this.execute(program, args, this.stack) };
    } catch (error) {
      const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
      if (args[0] === 'init') throw new Error(`terraform init failed: ${stderr || message}`, { cause: error });
      return { succeeded: false, output: stdout + stderr };
    }
  }

  private async execute(program: string, args: readonly string[], cwd: string, context?: string): Promise<string> {
    const env = { ...process.env, CHECKPOINT_DISABLE: '1', ...(context && { PGRAFT_TEST_CONTEXT: context }) };
    const { stdout } = await run(program, [...args], { cwd, env, timeout: deadline });
    return stdout;
  }
}
