/** One container with etcd, Patroni and PostgreSQL. */
import { spawnSync } from 'node:child_process';
import type pg from 'pg';
import type { Endpoint } from '../../../scripts/live/docker.js';
import { queryOnce } from '../../../test/support/query.js';
import type { Login } from '../../../test/support/primary-connection.js';
import { docker, type Place, secrets } from '../../../test/support/node-container.js';
import { docker as engine, mustRun } from '../../../test/support/shell.js';
import type { SiteServer } from '../../outage/site.js';
import { patroniConfiguration, ports, type Timing } from './settings.js';

const superuser: Login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
const commandDeadline = 60_000;
const answerDeadline = 5_000;

/** Where each server's ports are on this machine. */
export interface Published {
  readonly postgres: number;
  readonly restApi: number;
  readonly etcd: number;
}

export class PatroniServer implements SiteServer {
  constructor(
    private readonly place: Place,
    readonly number: number,
    private readonly published: Published,
  ) {}

  static container(place: Place, number: number): string {
    return `${place.prefix}-${number}`;
  }

  get container(): string {
    return PatroniServer.container(this.place, this.number);
  }

  /** As Patroni and etcd call it. */
  get name(): string {
    return this.container;
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: this.published.postgres };
  }

  create(hosts: readonly string[], timing: Timing): void {
    const { place, container, published } = this;
    const members = hosts.map((host) => `${host}=http://${host}:${ports.etcdPeers}`);
    const configuration = JSON.stringify(patroniConfiguration(container, this.number, hosts, timing));
    const publish = (Object.keys(published) as (keyof Published)[]).flatMap((what) => [
      '--publish',
      `127.0.0.1:${published[what]}:${ports[what]}`,
    ]);
    docker([
      ...['run', '--detach', '--name', container, '--hostname', container, '--network', place.network],
      ...['--volume', `${container}-data:/var/lib/postgresql`, '--stop-timeout', '40', ...publish],
      ...['--env', `PATRONI_NAME=${container}`, '--env', `ETCD_CLUSTER=${members.join(',')}`],
      ...['--env', `PATRONI_CONFIGURATION=${configuration}`, place.image],
    ]);
  }

  dispose(): void {
    spawnSync('docker', ['rm', '--force', '--volumes', this.container], { timeout: commandDeadline });
    spawnSync('docker', ['volume', 'rm', '--force', `${this.container}-data`], { timeout: commandDeadline });
  }

  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    login = superuser,
  ): Promise<Row[]> {
    return queryOnce<Row>(this.endpoint, login, text, values, answerDeadline);
  }

  async exec(...args: string[]): Promise<string> {
    const ended = await mustRun('docker', ['exec', this.container, ...args], { deadline: commandDeadline });
    return ended.stdout.trim();
  }

  async containerState(): Promise<string> {
    return engine('inspect', '--format', '{{.State.Status}}', this.container);
  }

  /** What Patroni's REST API or etcd answers. @throws Error when it does not */
  async ask(what: 'restApi' | 'etcd', path: string): Promise<unknown> {
    const url = `http://127.0.0.1:${this.published[what]}/${path}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(answerDeadline) });
    return response.json();
  }
}
