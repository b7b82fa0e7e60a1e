/** One node in a container of its own, without Terraform and without a cluster. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../scripts/kit/clock.js';
import { found, notYet, waitUntil } from '../../../scripts/kit/wait.js';

const context = fileURLToPath(new URL('../../../image', import.meta.url));
const prefix = `pgnode-${process.pid}`;
const network = `${prefix}-network`;
const commandDeadline = 60_000;

/** PGRAFT_TEST_IMAGE names an image that was built before, for a faster round. */
const image = process.env['PGRAFT_TEST_IMAGE'] ?? 'pgnode-test';

export const secrets = {
  raft_key: '0123456789abcdef'.repeat(4),
  superuser_password: "super'\\$pw",
  replication_password: "re:p'l\\pw",
  application_password: "app';--\\",
} as const;

/** A docker command that must work. @throws Error with its standard error */
export function docker(args: readonly string[], input = ''): string {
  return execFileSync('docker', args, { encoding: 'utf8', input, timeout: commandDeadline, stdio: 'pipe' });
}

/** Build the image and make the network. */
export function setUp(): void {
  if (process.env['PGRAFT_TEST_IMAGE'] === undefined) {
    execFileSync('docker', ['build', '--quiet', '--tag', image, context], { timeout: 170_000, stdio: 'pipe' });
  }
  docker(['network', 'create', network]);
}

export function tearDown(): void {
  docker(['network', 'rm', network]);
}

export class NodeContainer {
  readonly hostname: string;

  constructor(
    readonly name: string,
    readonly id: number,
    readonly settings = "shared_buffers = '32MB'",
    readonly volume = `${prefix}-${name}-data`,
  ) {
    this.hostname = `${prefix}-${name}`;
  }

  /** A container on the node's volume, as the stack declares it. */
  create(): void {
    docker([
      ...['run', '--detach', '--name', this.hostname, '--hostname', this.hostname, '--network', network],
      ...['--volume', `${this.volume}:/var/lib/postgresql`, '--stop-timeout', '40', '--restart', 'unless-stopped'],
      ...['--env', `PGRAFT_NODE_ID=${this.id}`, '--env', `PGRAFT_NAME=${this.name}`],
      ...['--env', `PGRAFT_LISTEN_ADDRESS=0.0.0.0:${7000 + this.id}`],
      ...['--env', `PGRAFT_ADVERTISE_ADDRESS=${this.hostname}:${7000 + this.id}`],
      ...['--env', `PGRAFT_POSTGRES_SETTINGS=${this.settings}`, image],
    ]);
  }

  /** Remove the container, not its volume. */
  removeContainer(): void {
    docker(['rm', '--force', this.hostname]);
  }

  dispose(): void {
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

  configure(): void {
    const lines = Object.entries(secrets).map(([key, value]) => `${key}=${value}\n`);
    this.exec(['pgraft-node', 'configure'], lines.join(''));
  }

  state(): Record<string, string> {
    const lines = this.exec(['pgraft-node', 'state']).trimEnd().split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  sql(query: string, database = 'postgres'): string {
    return this.exec(['psql', '-XAtq', '-U', 'postgres', '-d', database, '-c', query]).trim();
  }

  log(): string {
    const { stdout, stderr } = spawnSync('docker', ['logs', this.hostname], {
      encoding: 'utf8',
      timeout: commandDeadline,
    });
    return stdout + stderr;
  }

  inspect(format: string): string {
    return docker(['inspect', '--format', format, this.hostname]).trim();
  }

  /** Wait until `pgraft-node state` says all of `wanted`. */
  async reaches(wanted: Readonly<Record<string, string>>, deadline = 10_000): Promise<Record<string, string>> {
    const probe = () => {
      const state = this.state();
      const reached = Object.entries(wanted).every(([key, value]) => state[key] === value);
      return Promise.resolve(reached ? found(state) : notYet(JSON.stringify(state)));
    };
    const fix = `see docker logs ${this.hostname}`;
    return waitUntil(`${this.name} to be ${JSON.stringify(wanted)}`, probe, { deadline, fix, clock: systemClock });
  }

  /** Wait until the container's output has `text` after its first `after` characters. */
  async logs(text: string, after = 0, deadline = 10_000): Promise<void> {
    const probe = () => {
      const log = this.log().slice(after);
      return Promise.resolve(log.includes(text) ? found(undefined) : notYet(log.slice(-300)));
    };
    await waitUntil(`"${text}" in the log`, probe, { deadline, fix: 'read the whole log', clock: systemClock });
  }
}
