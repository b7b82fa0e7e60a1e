/** Servers that form one Raft group, in containers on a network of their own, and what is asked of them. */
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { onTestFailed } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { releasePorts, takePorts } from '../../support/ports.js';
import { docker, NodeContainer, secrets, type Place } from '../../support/node-container.js';
import { ensureSanitizedImage } from '../sanitized/image.js';

const queryDeadline = 5_000;
const image = ensureSanitizedImage();
const firstPort = 17_840;
const lastPort = 17_990;
const linesOfLog = 60;

/** On the primary: how many standbys stream whose confirmations count. */
export const streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'";

export const data = '/var/lib/postgresql/17/main';
export const raftState = '/var/lib/postgresql/pgraft';

/** What pgraft_get_cluster_status() says, as far as tests ask. */
export interface Status {
  current_term: number;
  leader_id: number;
  state: string;
  num_nodes: number;
  quorum_met: boolean;
  promotion_term: number | null;
  promotion_node_id: number | null;
  promotion_timeline: number | null;
  role: string;
  writable: boolean;
  synchronous_in_force: boolean;
  failover_enabled: boolean;
  message: string | null;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

const superuser: Login = { user: 'postgres', password: secrets.superuser_password };

// bigint as a number: no count in these tests comes near its limit
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** More arguments of `docker run` for a server. */
export type MoreOptions = (
  place: Place,
  server: { readonly id: number; readonly raftPort: number },
) => readonly string[];

export class Server extends NodeContainer {
  constructor(
    place: Place,
    name: string,
    id: number,
    readonly ports: { readonly postgres: number; readonly raft: number },
    more: MoreOptions,
  ) {
    const publish = (port: number, inside: number) => ['--publish', `127.0.0.1:${port}:${inside}`];
    super({
      place,
      name,
      id,
      options: [
        // of which these tests ask nothing: a process in each server every five seconds
        '--no-healthcheck',
        ...publish(ports.postgres, 5432),
        ...publish(ports.raft, 7000 + id),
        ...more(place, { id, raftPort: 7000 + id }),
      ],
    });
  }

  /** One statement over TCP, in a connection of its own. @throws pg's error, with `code` */
  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    login: Login = superuser,
    deadline = queryDeadline,
  ): Promise<pg.QueryResult<Row>> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.ports.postgres,
      database: 'postgres',
      ...login,
      connectionTimeoutMillis: queryDeadline,
      query_timeout: deadline,
    });
    client.on('error', () => undefined); // the query that runs hears of it too
    try {
      await client.connect();
      return await client.query<Row>(text, [...values]);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** The first column of the first row. */
  async value(text: string, values: readonly unknown[] = []): Promise<unknown> {
    const { rows, fields } = await this.query(text, values);
    return rows[0]?.[fields[0]?.name ?? ''] as unknown;
  }

  async status(): Promise<Status> {
    const { rows } = await this.query<Status>('SELECT * FROM pgraft_get_cluster_status()');
    if (rows[0] === undefined) throw new Error('pgraft_get_cluster_status() has no row');
    return rows[0];
  }

  /** Wait until the status has all of `wanted`. */
  async shows(wanted: Partial<Status>, deadline: number): Promise<Status> {
    const isWanted = (status: Status) =>
      (Object.keys(wanted) as (keyof Status)[]).every((key) => status[key] === wanted[key]);
    return eventually(`${this.name} to show ${JSON.stringify(wanted)}`, () => this.status(), isWanted, deadline);
  }

  /** Process id inside the container of a background worker, "consensus" or "role". */
  workerPid(worker: 'consensus' | 'role'): string {
    return this.exec(['pgrep', '-f', `postgres: .*pgraft ${worker}`]).trim();
  }

  postmasterPid(): string {
    return this.exec(['head', '-n1', `${data}/postmaster.pid`]).trim();
  }

  chain(): string {
    return this.exec(['cat', `${data}/pgraft.chain`]);
  }

  /** The name under which it streams and confirms (R10). */
  applicationName(): string {
    return `${this.name}_${this.exec(['cat', `${data}/pgraft.incarnation`]).slice(0, 8)}`;
  }
}

let groups = 0;

/** Servers on one network; `servers[0]` is node 1. */
export class ServerGroup {
  readonly place: Place;
  readonly servers: readonly Server[];
  private readonly formationToken = 'f0'.repeat(16);
  private acknowledged = 0;

  private constructor(names: readonly string[], ports: readonly number[], options: MoreOptions) {
    groups += 1;
    const prefix = `pgext-${process.pid}-${groups}`;
    this.place = { prefix, network: `${prefix}-network`, image };
    this.servers = names.map((name, i) => {
      const [postgres = 0, raft = 0] = ports.slice(2 * i);
      return new Server(this.place, name, i + 1, { postgres, raft }, options);
    });
  }

  /**
   * The network and the containers, which wait for what they shall do.
   *
   * @param options more arguments of `docker run`
   */
  static async create(names: readonly string[], options: MoreOptions = () => []): Promise<ServerGroup> {
    const group = new ServerGroup(names, await takePorts(firstPort, lastPort, 2 * names.length), options);
    try {
      docker(['network', 'create', group.place.network]);
      for (const server of group.servers) server.create();
      await group.each((server) => server.reaches({ phase: 'waiting' }, 20_000));
    } catch (error) {
      group.remove();
      throw error;
    }
    return group;
  }

  get primary(): Server {
    const [first] = this.servers;
    if (first === undefined) throw new Error('a group without servers');
    return first;
  }

  get standbys(): readonly Server[] {
    return this.servers.slice(1);
  }

  get initialCluster(): string {
    return this.servers.map(({ member }) => member).join(',');
  }

  each<T>(work: (server: Server) => Promise<T>): Promise<T[]> {
    return Promise.all(this.servers.map(work));
  }

  configure(server: Server): void {
    server.configure({ initial_cluster: this.initialCluster, formation_token: this.formationToken });
  }

  /** Initialize the first server, clone the others from it, and wait until the group is healthy. */
  async form(deadline = 60_000): Promise<void> {
    for (const server of this.servers) this.configure(server);
    await this.initialize();
    for (const standby of this.standbys) this.clone(standby);
    await this.healthy(deadline);
    await this.primary.query('CREATE TABLE kept (id int PRIMARY KEY)');
  }

  async initialize(): Promise<void> {
    this.primary.exec(['pgraft-node', 'initialize']);
    await this.primary.reaches({ phase: 'running' }, 30_000);
  }

  clone(standby: Server): void {
    standby.exec(['pgraft-node', 'clone', this.primary.hostname, '5432']);
  }

  /** A row that `primary` has acknowledged, to be found again. */
  async write(primary = this.primary): Promise<void> {
    await primary.query('INSERT INTO kept VALUES ($1)', [this.acknowledged + 1]);
    this.acknowledged += 1;
  }

  /** Node 1 is the primary, every other server streams from it, and every acknowledged row is on all of them. */
  async healthy(deadline: number): Promise<void> {
    const until = Date.now() + deadline;
    const left = () => Math.max(until - Date.now(), 1_000);
    await this.primary.shows({ role: 'primary', state: 'leader', writable: true, synchronous_in_force: true }, left());
    await Promise.all(this.standbys.map((server) => server.shows({ role: 'standby', state: 'follower' }, left())));
    const all = this.standbys.length;
    await eventually(
      `${all} streams`,
      () => this.primary.value(streams),
      (count) => count === all,
      left(),
    );
    await this.everyRowThere(left());
  }

  async everyRowThere(deadline: number): Promise<void> {
    if (this.acknowledged === 0) return;
    const rows = "SELECT string_agg(id::text, ',' ORDER BY id) FROM kept";
    const wanted = Array.from({ length: this.acknowledged }, (_, i) => i + 1).join(',');
    await this.each((server) =>
      eventually(
        `all rows on ${server.name}`,
        () => server.value(rows),
        (seen) => seen === wanted,
        deadline,
      ),
    );
  }

  /** To be called in beforeEach: a failed test prints the end of every server's log. */
  showLogsOnFailure(): void {
    onTestFailed(() => {
      this.printLogs();
    });
  }

  printLogs(): void {
    for (const server of this.servers) {
      const lines = server.log().trimEnd().split('\n').slice(-linesOfLog);
      console.error(`--- end of the log of ${server.hostname} ---\n${lines.join('\n')}`);
    }
  }

  /** Containers, volumes and network, in whatever state they are. */
  remove(): void {
    for (const server of this.servers) server.dispose();
    spawnSync('docker', ['network', 'rm', this.place.network], { timeout: 30_000 });
    releasePorts(this.servers.flatMap(({ ports }) => Object.values(ports)));
  }
}
