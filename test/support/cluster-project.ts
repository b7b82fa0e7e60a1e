/**
 * A copy of this project with a real cluster of its own: what users type is run in it, with real Terraform and Docker.
 *
 * A copy, since its image, its outputs and its .pgraft must not change while a test runs, whatever is edited beside it; and
 * since its cluster can then be the default one, so that plain `npx cdktf deploy` works on it.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { objectsWith, removeAbandonedObjects, removeObjectsWith } from './docker-objects.js';
import { ensureImage } from './image.js';
import { releasePorts, takeAll } from './ports.js';
import { dockerLines, mustRun, run, runScript, type Ended, type RunOptions } from './shell.js';

const repository = join(import.meta.dirname, '..', '..');
/** What the commands need; node_modules is a link. */
const parts = [
  'main.ts',
  'package.json',
  'constructs',
  'scripts',
  'image',
  'setup/checksums.mjs',
  'setup/docker-right.mjs',
  'setup/file-problem.mjs',
  'setup/lock.mjs',
  'setup/report.mjs',
  'provider/version.json',
  'provider/go.mod',
  '.env',
];
const mostServers = 9;
/** Of ports: each for a cluster. */
const blocks = 4;

/** Settings beyond prefix and ports, as in the context of cdktf.json. */
export type Context = Readonly<Record<string, unknown>>;

export interface Ports {
  readonly postgres: number;
  readonly raft: number;
}

export class ClusterProject {
  private constructor(
    readonly directory: string,
    readonly prefix: string,
    readonly ports: Ports,
    readonly context: Context,
    /** Settings given by the environment, which wins over the context. */
    private readonly variables: Readonly<Record<string, string>> = {},
  ) {}

  /** A project without a cluster yet, its image built. Whatever a killed test run left behind is removed first. */
  static async open(context: Context = {}): Promise<ClusterProject> {
    await removeAbandonedObjects();
    // a build takes minutes, the commands of a test do not
    ensureImage();
    const prefix = `pgtest-${process.pid}`;
    const ports = await takeClusterPorts();
    // a space and an umlaut: whatever is pasted into a command line unquoted fails in every test
    const directory = mkdtempSync(join(tmpdir(), `${prefix} prüf-`));
    for (const part of parts.filter((name) => existsSync(join(repository, name)))) {
      mkdirSync(dirname(join(directory, part)), { recursive: true });
      cpSync(join(repository, part), join(directory, part), { recursive: true });
    }
    symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
    const project = new ClusterProject(directory, prefix, ports, context);
    project.configure(context);
    return project;
  }

  /** A second cluster of the same directory, named by variables, as one who has two does it. Close it first. */
  async beside(): Promise<ClusterProject> {
    const prefix = `${this.prefix}-b`;
    const ports = await takeClusterPorts();
    const { postgres, raft } = ports;
    const variables = {
      PGRAFT_PREFIX: prefix,
      PGRAFT_POSTGRES_PORT: String(postgres),
      PGRAFT_RAFT_PORT: String(raft),
    };
    return new ClusterProject(this.directory, prefix, ports, this.context, variables);
  }

  /** Write the context of cdktf.json: prefix, ports and `context`. */
  configure(context: Context): void {
    const config = JSON.parse(readFileSync(join(repository, 'cdktf.json'), 'utf8')) as { context: Context };
    const { prefix, ports } = this;
    const own = { prefix, postgresPort: ports.postgres, raftPort: ports.raft };
    const text = JSON.stringify({ ...config, context: { ...config.context, ...own, ...context } });
    writeFileSync(join(this.directory, 'cdktf.json'), text);
  }

  /** What `npm start` runs once setup.mjs has found everything in place. */
  async start(env: Readonly<Record<string, string>> = {}, options: RunOptions = {}): Promise<Ended> {
    return this.run('node', ['--import', 'tsx', 'scripts/start.ts'], { ...options, env });
  }

  /** `npm run <script> -- <args>`. */
  async npm(script: string, ...args: string[]): Promise<Ended> {
    return runScript(script, args, { cwd: this.directory, env: this.#environment() });
  }

  async cdktf(...args: string[]): Promise<Ended> {
    return this.run('node_modules/.bin/cdktf', args, { env: { CI: 'true' } });
  }

  /** A command in the project's directory; `env` is added to this process's environment, settings left out. */
  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return run(program, args, { ...options, cwd: this.directory, env: { ...this.#environment(), ...options.env } });
  }

  #environment(): NonNullable<RunOptions['env']> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PGRAFT_'));
    return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...this.variables };
  }

  container(name: string): string {
    return `${this.prefix}-${name}`;
  }

  /** One value or row (columns separated by `|`) a line, as superuser over the server's own socket. */
  async sql(name: string, text: string, database = 'postgres'): Promise<string> {
    const psql = ['psql', '-U', 'postgres', '-d', database, '-XAt', '-v', 'ON_ERROR_STOP=1', '-c', text];
    const { stdout } = await mustRun('docker', ['exec', this.container(name), ...psql], { deadline: 15_000 });
    return stdout.trimEnd();
  }

  /** As sql(), on whichever server is the primary now. */
  async sqlAtPrimary(text: string, database = 'postgres'): Promise<string> {
    return this.sql(await this.primary(), text, database);
  }

  /** The name of the server that is the primary now and accepts commits, as the servers say; the newest, where an old one has not heard of its end. */
  async primary(): Promise<string> {
    const running = await dockerLines('ps', '--filter', label(this.prefix), '--format', '{{.Names}}');
    const names = running.map((container) => container.slice(this.prefix.length + 1));
    const asked = await Promise.all(names.map(async (name) => ({ name, term: await this.#termAsPrimary(name) })));
    const primaries = asked.flatMap(({ name, term }) => (term === undefined ? [] : [{ name, term }]));
    const [newest] = primaries.sort((a, b) => b.term - a.term);
    if (newest === undefined) throw new Error(`none of ${names.join(', ')} is the primary now`);
    return newest.name;
  }

  /** The term that `name` knows, if it is the primary; undefined if not, or if it does not answer. */
  async #termAsPrimary(name: string): Promise<number | undefined> {
    const text = 'select current_term from pgraft_get_cluster_status() where writable and not pg_is_in_recovery()';
    const term = await this.sql(name, text).catch(() => '');
    return term === '' ? undefined : Number(term);
  }

  /** Containers, volumes and networks of the cluster, by name. */
  async objects(): Promise<string[]> {
    return objectsWith(label(this.prefix));
  }

  /** The file `name` of .pgraft/<prefix>. */
  file(name: string): string {
    return join(this.directory, '.pgraft', this.prefix, name);
  }

  /** What every server said last; for the report of a failed test. */
  async logs(): Promise<string> {
    const names = await dockerLines('ps', '--all', '--filter', label(this.prefix), '--format', '{{.Names}}');
    const tails = names.map(
      async (name) => `--- ${name}\n${(await run('docker', ['logs', '--tail', '60', name])).output}`,
    );
    return (await Promise.all(tails)).join('\n');
  }

  /** Remove the cluster and the project, also after a failed test; `npm run destroy`, which takes its time, has tests of its own. */
  async close(): Promise<void> {
    try {
      await removeObjectsWith(label(this.prefix));
    } finally {
      releasePorts(portsOf(this.ports));
      if (!this.#isSecond) rmSync(this.directory, { recursive: true, force: true });
    }
  }

  get #isSecond(): boolean {
    return 'PGRAFT_PREFIX' in this.variables;
  }
}

function label(prefix: string): string {
  return `label=pgraft.cluster=${prefix}`;
}

/** A block of ports of which all are free, for nobody else until it is released. */
async function takeClusterPorts(): Promise<Ports> {
  for (let block = 0; block < blocks; block += 1) {
    const ports = { postgres: 17900 + 10 * block, raft: 17940 + 10 * block };
    if (await takeAll(portsOf(ports))) return ports;
  }
  throw new Error('no block of ports from 17900 to 17979 is free; stop what listens there (see docker ps)');
}

function portsOf(ports: Ports): number[] {
  return Object.values(ports).flatMap((first: number) => Array.from({ length: mostServers }, (_, i) => first + i));
}
