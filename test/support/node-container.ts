/** One node in a container of its own, without Terraform. */
import { execFileSync, spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { eventually } from './eventually.js';
import { searchLogForFinding } from './findings.js';

const commandDeadline = 60_000;

export const secrets = {
  raft_key: '0123456789abcdef'.repeat(4),
  superuser_password: "super'\\$pw",
  replication_password: "re:p'l\\pw",
  application_password: "app';--\\",
} as const;

/** A docker command that must work. @throws Error with its standard error */
export function docker(args: readonly string[], input = '', timeout = commandDeadline): string {
  return execFileSync('docker', args, { encoding: 'utf8', input, timeout, stdio: 'pipe' });
}

/** What `pgraft-node configure` reads: the secrets, and whatever else is given. */
export function configurationLines(more: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...secrets, ...more })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Where containers are put. */
export interface Place {
  /** Before the name of each container and volume. */
  readonly prefix: string;
  readonly network: string;
  readonly image: string;
}

export interface NodeContainerProps {
  readonly place: Place;
  readonly name: string;
  /** 1 to 9; Raft's port is 7000 more. */
  readonly id: number;
  /** Lines of postgresql.conf. @default a small shared_buffers */
  readonly settings?: string | undefined;
  /** @default <prefix>-<name>-data */
  readonly volume?: string | undefined;
  /** More arguments of `docker run`. @default none */
  readonly options?: readonly string[] | undefined;
}

export class NodeContainer {
  readonly name: string;
  readonly id: number;
  readonly hostname: string;
  readonly raftPort: number;
  readonly volume: string;

  constructor(private readonly props: NodeContainerProps) {
    this.name = props.name;
    this.id = props.id;
    this.hostname = `${props.place.prefix}-${props.name}`;
    this.raftPort = 7000 + props.id;
    this.volume = props.volume ?? `${this.hostname}-data`;
  }

  /** `<name>=<host>:<port>`, as in pgraft.initial_cluster. */
  get member(): string {
    return `${this.name}=${this.hostname}:${this.raftPort}`;
  }

  /** A container on the node's volume, as the stack declares it. */
  create(): void {
    const { place, settings = "shared_buffers = '32MB'", options = [] } = this.props;
    docker([
      ...['run', '--detach', '--name', this.hostname, '--hostname', this.hostname, '--network', place.network],
      ...['--volume', `${this.volume}:/var/lib/postgresql`, '--stop-timeout', '40', '--restart', 'unless-stopped'],
      ...['--env', `PGRAFT_NODE_ID=${this.id}`, '--env', `PGRAFT_NAME=${this.name}`],
      ...['--env', `PGRAFT_LISTEN_ADDRESS=0.0.0.0:${this.raftPort}`],
      ...['--env', `PGRAFT_ADVERTISE_ADDRESS=${this.hostname}:${this.raftPort}`],
      ...['--env', `PGRAFT_POSTGRES_SETTINGS=${settings}`, ...options, place.image],
    ]);
  }

  /** Remove the container, not its volume. */
  removeContainer(): void {
    searchLogForFinding(this.hostname);
    docker(['rm', '--force', this.hostname]);
  }

  dispose(): void {
    searchLogForFinding(this.hostname);
    spawnSync('docker', ['rm', '--force', '--volumes', this.hostname], { timeout: commandDeadline });
    spawnSync('docker', ['volume', 'rm', '--force', this.volume], { timeout: commandDeadline });
  }

  exec(command: readonly string[], input = ''): string {
    return docker(['exec', '--interactive', this.hostname, ...command], input);
  }

  /** A command that may fail: its exit status and what it printed. */
  attempt(command: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const options = { encoding: 'utf8', timeout: commandDeadline } as const;
    const { status, stdout, stderr } = spawnSync('docker', ['exec', this.hostname, ...command], options);
    return { status, stdout, stderr };
  }

  /** Hand the secrets over, and whatever else is given: initial_cluster, formation_token, another key. */
  configure(more: Readonly<Record<string, string>> = {}): void {
    this.exec(['pgraft-node', 'configure'], configurationLines(more));
  }

  state(): Record<string, string> {
    const lines = this.exec(['pgraft-node', 'state']).trimEnd().split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** One statement through psql inside the container; columns are separated by `|`. */
  sql(query: string, database = 'postgres'): string {
    return this.exec(['psql', '-XAtq', '-U', 'postgres', '-d', database, '-c', query]).trim();
  }

  log(): string {
    const options = { encoding: 'utf8', timeout: commandDeadline, maxBuffer: 64 * 1024 * 1024 } as const;
    const { stdout, stderr } = spawnSync('docker', ['logs', this.hostname], options);
    return stdout + stderr;
  }

  inspect(format: string): string {
    return docker(['inspect', '--format', format, this.hostname]).trim();
  }

  /** Wait until `pgraft-node state` says all of `wanted`. */
  async reaches(wanted: Readonly<Record<string, string | RegExp>>, deadline = 10_000): Promise<Record<string, string>> {
    const fits = (value: string | undefined, expected: string | RegExp) =>
      typeof expected === 'string' ? value === expected : expected.test(value ?? '');
    const isWanted = (state: Record<string, string>) =>
      Object.entries(wanted).every(([key, expected]) => fits(state[key], expected));
    return eventually(`${this.name} to be ${inspect(wanted)}`, () => this.state(), isWanted, deadline);
  }

  /** Wait until the container's output has `text` after its first `after` characters. */
  async logs(text: string, after = 0, deadline = 10_000): Promise<void> {
    const look = () => this.log().slice(after);
    await eventually(`"${text}" in the log of ${this.name}`, look, (log) => log.includes(text), deadline);
  }
}
