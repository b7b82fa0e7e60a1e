/** Where a cluster's secrets could show: everything that Docker, Terraform, processes and files tell of it, searched for each of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProject } from './cluster-project.js';
import { docker, dockerLines, run } from './shell.js';

/** Texts by the place where they were found. */
export type Places = Map<string, string>;

/** Those of `places` that show one of `secrets`; their names only, since a failed test must not print a secret. */
export function leaksIn(places: Places, secrets: readonly string[]): string[] {
  return [...places].filter(([, text]) => secrets.some((secret) => text.includes(secret))).map(([place]) => place);
}

/** Everything that can be seen from outside of the servers, and their processes. `secretsFile` is the one file left out. */
export async function placesOf(project: ClusterProject, secretsFile: string): Promise<Places> {
  const filter = ['--filter', `label=pgraft.cluster=${project.prefix}`];
  const containers = await dockerLines('ps', '--all', ...filter, '--format', '{{.Names}}');
  const volumes = await dockerLines('volume', 'ls', ...filter, '--format', '{{.Name}}');
  const networks = await dockerLines('network', 'ls', ...filter, '--format', '{{.Name}}');
  const image = await docker('inspect', '--format', '{{.Config.Image}}', containers[0] ?? '');
  const places: Places = new Map([
    ['docker inspect: containers', await docker('inspect', '--size', ...containers)],
    ['docker inspect: volumes', await docker('volume', 'inspect', ...volumes)],
    ['docker inspect: network', await docker('network', 'inspect', ...networks)],
    ['docker inspect: image', await docker('image', 'inspect', image)],
    ['docker history', await docker('history', '--no-trunc', image)],
    ['plan of the image', (await project.cdktf('diff', 'image')).output],
    ['plan of the cluster', (await project.cdktf('diff', 'cluster')).output],
  ]);
  for (const container of containers) {
    places.set(`${container}: docker logs`, (await run('docker', ['logs', container])).output);
    places.set(`${container}: ps`, await docker('top', container, '-ef'));
    places.set(`${container}: processes`, await insideProcesses(container));
  }
  for (const [path, text] of filesOf(project)) if (path !== secretsFile) places.set(path, text);
  return places;
}

/** Every file of the project: what Terraform, cdktf and our own commands have left, and what they were told. */
export function filesOf({ directory }: ClusterProject): Places {
  return new Map(filesBelow(directory).map((path) => [path, readFileSync(path, 'latin1')]));
}

/** Command lines and environments as its own processes could read them. */
async function insideProcesses(container: string): Promise<string> {
  const script = 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ || true';
  const { stdout } = await run('docker', ['exec', '--user', 'postgres', container, 'sh', '-c', script]);
  // of the shell itself, and of others too: else nothing was read
  const read = stdout.match(/PGRAFT_NODE_ID=/g)?.length ?? 0;
  if (read <= 5) throw new Error(`the environments of only ${read} processes of ${container} could be read`);
  return stdout;
}

/** `<mode> <path>` of every file of a container's file system that holds one of `secrets`. They go in on standard input. */
export async function filesWith(container: string, secrets: readonly string[]): Promise<string[]> {
  const script =
    'grep -rlaF -D skip -f - /etc /home /opt /root /run /srv /tmp /usr /var 2>/dev/null | xargs -r stat -c "%a %n"';
  const { stdout } = await run('docker', ['exec', '--interactive', '--user', 'root', container, 'sh', '-c', script], {
    input: secrets.map((secret) => `${secret}\n`).join(''),
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const pause = 15;

/** What `ps` could show on this machine, looked at again and again, beside those that only its owner sees: the environments. */
export class ProcessWatch {
  readonly #seen = new Set<string>();
  readonly #known = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #ended = this.#watch();

  /** How many processes were seen. */
  get count(): number {
    return this.#known.size;
  }

  async end(): Promise<Places> {
    this.#stopping.abort();
    await this.#ended;
    return new Map([['processes of this machine', [...this.#seen].join('\n')]]);
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (const pid of readdirSync('/proc')) if (/^\d+$/.test(pid)) this.#look(pid);
      await sleep(pause);
    }
  }

  /** A command line may be changed by its process (PostgreSQL does), an environment is as it was at the start. */
  #look(pid: string): void {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      this.#seen.add(line);
      const known = `${pid} ${line}`;
      if (this.#known.has(known)) return;
      this.#known.add(known);
      this.#seen.add(readFileSync(`/proc/${pid}/environ`, 'latin1'));
    } catch {
      // it has ended, or is another user's
    }
  }
}
