/** Synchronous replication as an operator would set it by hand: the same image, without pgraft. */
import { spawnSync } from 'node:child_process';
import { docker } from '../../test/support/node-container.js';
import { eventually } from '../../test/support/eventually.js';
import { mustRun } from '../../test/support/shell.js';

const names = ['primary', 'replica1', 'replica2'];
const deadline = 120_000;

/** What image/node sets and pgraft does not ask for; the same settings on both sides, or the comparison means nothing. */
const settings = [
  "listen_addresses = '*'",
  'password_encryption = scram-sha-256',
  'jit = off',
  'wal_level = replica',
  'wal_log_hints = on',
  'max_wal_senders = 20',
  'max_replication_slots = 20',
  'wal_keep_size = 256MB',
  'max_slot_wal_keep_size = 4GB',
  'wal_sender_timeout = 3s',
  'wal_receiver_timeout = 5s',
  'wal_receiver_status_interval = 1s',
  "log_line_prefix = '%m [%p] %q%u@%d '",
];

const initialize = `
set -e
initdb --pgdata /var/lib/postgresql/data --data-checksums --encoding UTF8 --locale-provider builtin --locale C.UTF-8 --username postgres --auth trust >/dev/null
cat >> /var/lib/postgresql/data/postgresql.conf
echo 'host all,replication all all trust' >> /var/lib/postgresql/data/pg_hba.conf`;

export class HandSetCluster {
  private constructor(
    private readonly prefix: string,
    private readonly image: string,
  ) {}

  /** @param postgres lines of postgresql.conf that the other side has, too */
  static async form(image: string, postgres: readonly string[]): Promise<HandSetCluster> {
    const cluster = new HandSetCluster(`pgh-${process.pid}`, image);
    try {
      await cluster.#form(postgres);
    } catch (error) {
      cluster.remove();
      throw error;
    }
    return cluster;
  }

  get primary(): string {
    return `${this.prefix}-primary`;
  }

  async exec(...command: string[]): Promise<string> {
    return (await mustRun('docker', ['exec', this.primary, ...command], { deadline })).stdout;
  }

  /** Whatever of it there is. */
  remove(): void {
    const attempt = (...args: string[]) => spawnSync('docker', args, { timeout: deadline });
    for (const name of names) {
      attempt('rm', '--force', '--volumes', `${this.prefix}-${name}`);
      attempt('volume', 'rm', '--force', `${this.prefix}-${name}-data`);
    }
    attempt('network', 'rm', `${this.prefix}-network`);
  }

  async #form(postgres: readonly string[]): Promise<void> {
    docker(['network', 'create', `${this.prefix}-network`]);
    const [first = '', ...standbys] = names;
    this.#create(first);
    const configuration = [...settings, ...postgres].join('\n');
    docker(['exec', '--interactive', this.primary, 'bash', '-c', initialize], configuration, deadline);
    this.#start(first);
    await this.#answers(first);
    for (const name of standbys) {
      await this.exec('psql', '-c', `SELECT pg_create_physical_replication_slot('${name}')`);
      this.#create(name);
      const source = `host=${this.primary} user=postgres application_name=${name}`;
      docker(
        ['exec', `${this.prefix}-${name}`]
          .concat(['pg_basebackup', '--pgdata', '/var/lib/postgresql/data', '--checkpoint', 'fast', '-R', '-S', name])
          .concat(['--dbname', source]),
        '',
        deadline,
      );
      this.#start(name);
    }
    const confirming = standbys.join(', ');
    await this.exec('psql', '-c', `ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (${confirming})'`);
    await this.exec('psql', '-c', 'SELECT pg_reload_conf()');
    const streams = async () =>
      (await this.exec('psql', '-XAtc', "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'")).trim();
    await eventually('two synchronous standbys', streams, (count) => count === '2', deadline);
  }

  /** Idle, so that what is to run in it can be told later. */
  #create(name: string): void {
    const container = `${this.prefix}-${name}`;
    docker([
      ...['run', '--detach', '--init', '--name', container, '--hostname', container],
      ...['--network', `${this.prefix}-network`, '--volume', `${container}-data:/var/lib/postgresql`],
      ...['--no-healthcheck', '--entrypoint', 'sleep', this.image, 'infinity'],
    ]);
  }

  #start(name: string): void {
    const container = `${this.prefix}-${name}`;
    docker(['exec', '--detach', container, 'bash', '-c', 'exec postgres -D /var/lib/postgresql/data >/tmp/log 2>&1']);
  }

  async #answers(name: string): Promise<void> {
    const look = async () =>
      (await mustRun('docker', ['exec', `${this.prefix}-${name}`, 'bash', '-c', 'pg_isready || true'])).stdout;
    await eventually(`${name} to answer`, look, (seen) => seen.includes('accepting'), deadline);
  }
}
