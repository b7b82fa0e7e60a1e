/** The cluster that benchmarks measure: this project, used as a user does, under a prefix and on ports of its own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessPromise } from 'zx/core';
import { imageTag } from '../constructs/image-tag.js';
import { projectEnvironment } from '../constructs/load-settings.js';
import { clusterLabel, stateDirectory } from '../constructs/topology.js';
import { messageOf } from '../scripts/kit/errors.js';
import { clusterDirectory, projectDirectory } from '../scripts/kit/places.js';
import { outcomeOf, type Shell } from '../scripts/kit/shell.js';

const prefix = 'pgbench-cl';
const ports = { PGRAFT_POSTGRES_PORT: '18300', PGRAFT_RAFT_PORT: '18340' };
/** Milliseconds for one command; the first may build the image. */
const limit = 10 * 60_000;

export class BenchCluster {
  readonly #running = new Set<ProcessPromise>();
  #interrupted = false;

  constructor(private readonly $: Shell) {}

  /** `npm start`, with what setup.mjs looks for. @returns seconds */
  async npmStart(nodes: number): Promise<number> {
    return this.#timed(nodes, ['npm', 'start']);
  }

  /** What `npm start` runs after setup.mjs: deploy, then the status. @returns seconds until every server is healthy */
  async start(nodes: number): Promise<number> {
    return this.#timed(nodes, ['node', '--import', 'tsx', 'scripts/start.ts']);
  }

  /** `npx cdktf deploy '*'`. @returns seconds */
  async deploy(nodes: number): Promise<number> {
    const output = join(stateDirectory(prefix), 'cdktf.out');
    return this.#timed(nodes, ['node_modules/.bin/cdktf', 'deploy', '*', '--auto-approve', '--output', output]);
  }

  /** `npm run plan`, which must find nothing to do. @returns seconds */
  async plan(nodes: number): Promise<number> {
    return this.#timed(nodes, ['npm', 'run', 'plan']);
  }

  /** `npm run destroy`. @returns seconds */
  async destroy(nodes: number): Promise<number> {
    return this.#timed(nodes, ['node', '--import', 'tsx', 'scripts/destroy.ts', '--yes']);
  }

  /** Tag of the image of this checkout, built when it is missing. */
  async image(): Promise<string> {
    const tag = imageTag(projectDirectory);
    const found = await this.$({ timeout: limit, input: '' })`docker image inspect ${tag}`;
    if (found.exitCode !== 0) await this.#command(['docker', 'build', '--tag', tag, 'image']);
    return tag;
  }

  /** Standard output of a docker command. @throws Error when it fails */
  async docker(...args: string[]): Promise<string> {
    return this.#command(['docker', ...args]);
  }

  /** How much a container has logged, in bytes. */
  async logBytes(container: string): Promise<number> {
    return Number(await this.#command(['sh', '-c', 'docker logs "$1" 2>&1 | wc -c', 'sh', container]));
  }

  /** Names of the containers, or what another Docker template gives of each. */
  async containers(template = '{{.Names}}'): Promise<string[]> {
    return this.#list(['ps', '--all', '--format', template]);
  }

  /** Stop what runs; whatever is begun afterwards is refused, until `release`. */
  interrupt(): void {
    this.#interrupted = true;
    for (const { pid } of this.#running) if (pid !== undefined) process.kill(-pid, 'SIGINT');
  }

  /** Remove everything, also after an interruption: for the very end. */
  async release(): Promise<void> {
    this.#interrupted = false;
    await this.remove();
  }

  /** Remove everything of the cluster, whatever state it is in. @throws Error when that took more than `npm run destroy` */
  async remove(): Promise<void> {
    let problem = 'it said that it had removed everything';
    if (await this.#exists()) {
      await this.destroy(9).catch((error: unknown) => {
        problem = messageOf(error);
      });
    }
    const failed = await this.#exists();
    if (failed) await this.#removeObjects();
    rmSync(clusterDirectory(prefix), { recursive: true, force: true });
    if (failed) throw new Error(`npm run destroy left objects of ${prefix} behind (now removed): ${problem}`);
  }

  async #timed(nodes: number, command: readonly string[]): Promise<number> {
    const start = performance.now();
    await this.#command(command, { PGRAFT_PREFIX: prefix, PGRAFT_NODES: String(nodes), ...ports });
    return (performance.now() - start) / 1000;
  }

  async #command(command: readonly string[], own: Readonly<Record<string, string>> = {}): Promise<string> {
    if (this.#interrupted) throw new Error('interrupted');
    // the person's own PGRAFT_ settings are not what is measured; .env, which says how this machine works, is
    const inherited = Object.entries(projectEnvironment(projectDirectory)).filter(([name]) => isOurs(name));
    const env = { ...Object.fromEntries(inherited), CI: 'true', ...own };
    // in a process group of its own, so that the terminal's Ctrl-C reaches it through `interrupt` only, and once
    const options = { cwd: projectDirectory, env, timeout: limit, input: '', detached: true };
    const running = this.$(options)`${[...command]}`;
    this.#running.add(running);
    try {
      const output = await running;
      const outcome = outcomeOf(output, command.join(' '), limit);
      if (outcome.ok) return outcome.stdout;
      throw new Error(`${command.join(' ')}: ${outcome.problem}\n${output.stdout.slice(-4_000)}`);
    } finally {
      this.#running.delete(running);
    }
  }

  async #list(command: readonly string[]): Promise<string[]> {
    const filter = ['--filter', `label=${clusterLabel}=${prefix}`];
    const output = await this.docker(...command, ...filter);
    return output
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  async #exists(): Promise<boolean> {
    const lists = [
      ['ps', '--all', '--quiet'],
      ['volume', 'ls', '--quiet'],
      ['network', 'ls', '--quiet'],
    ];
    for (const list of lists) if ((await this.#list(list)).length > 0) return true;
    return false;
  }

  async #removeObjects(): Promise<void> {
    const containers = await this.#list(['ps', '--all', '--quiet']);
    if (containers.length > 0) await this.docker('rm', '--force', '--volumes', ...containers);
    const volumes = await this.#list(['volume', 'ls', '--quiet']);
    if (volumes.length > 0) await this.docker('volume', 'rm', '--force', ...volumes);
    const networks = await this.#list(['network', 'ls', '--quiet']);
    if (networks.length > 0) await this.docker('network', 'rm', ...networks);
  }
}

function isOurs(name: string): boolean {
  return !name.startsWith('PGRAFT_') || name === 'PGRAFT_DOCKER_PROVIDER';
}
