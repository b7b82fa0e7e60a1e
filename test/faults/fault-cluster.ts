/** A cluster of its own to break: servers in containers without Terraform, formed in seconds, asked without blocking the load. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ensureImage } from '../support/image.js';
import { docker as command, NodeContainer, secrets } from '../support/node-container.js';
import { freePorts } from '../support/ports.js';
import { dockerLines, mustRun, run } from '../support/shell.js';
import { type Login } from '../support/primary-connection.js';
import { nodeName } from '../../constructs/topology.js';
import { eventually } from '../support/eventually.js';

const firstPort = 18_400;
const lastPort = 18_499;
const queryDeadline = 5_000;
const commandDeadline = 60_000;

export const application: Login = { user: 'app', password: secrets.application_password, database: 'app' };

/** What pgraft_get_cluster_status() says, as far as it is asked here. */
export interface Status {
  readonly node_id: number;
  readonly current_term: number;
  readonly state: string;
  readonly role: string;
  readonly writable: boolean;
  readonly synchronous_in_force: boolean;
  readonly promotion_term: number | null;
  readonly promotion_node_id: number | null;
  readonly message: string | null;
}

const statusQuery = `
  SELECT node_id, current_term::float8, state, role, writable, synchronous_in_force,
         promotion_term::float8, promotion_node_id, message
  FROM pgraft_get_cluster_status()`;

export class FaultServer {
  private constructor(
    readonly node: NodeContainer,
    readonly port: number,
  ) {}

  static declare(place: { prefix: string; network: string; image: string }, id: number, port: number): FaultServer {
    // a health check that begins just as its container is paused blocks the engine for good (seen with Docker 20.10)
    const options = ['--no-healthcheck', '--publish', `127.0.0.1:${port}:5432`];
    return new FaultServer(new NodeContainer({ place, name: nodeName(id), id, options }), port);
  }

  get id(): number {
    return this.node.id;
  }

  get name(): string {
    return this.node.name;
  }

  get container(): string {
    return this.node.hostname;
  }

  get endpoint(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  /** One statement in a connection of its own. @throws pg's error, with `code` */
  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    login: Login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' },
  ): Promise<Row[]> {
    const deadlines = { connectionTimeoutMillis: queryDeadline, query_timeout: queryDeadline };
    const client = new pg.Client({ ...this.endpoint, ...login, ...deadlines });
    // the query that runs hears of it too
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      // a hung server would let us wait for its goodbye
      void client.end().catch(() => undefined);
    }
  }

  async status(): Promise<Status> {
    const [row] = await this.query<Status & pg.QueryResultRow>(statusQuery);
    if (row === undefined) throw new Error('pgraft_get_cluster_status() has no row');
    return row;
  }

  /** Standard output of a command inside the container. */
  async exec(...args: string[]): Promise<string> {
    const ended = await mustRun('docker', ['exec', this.container, ...args], { deadline: commandDeadline });
    return ended.stdout.trim();
  }

  /** created, running, paused, restarting, exited or dead. */
  async containerState(): Promise<string> {
    const ended = await mustRun('docker', ['inspect', '--format', '{{.State.Status}}', this.container]);
    return ended.stdout.trim();
  }

  async log(): Promise<string> {
    return (await run('docker', ['logs', '--timestamps', this.container], { deadline: commandDeadline })).output;
  }
}

export class FaultCluster {
  private static made = 0;

  private constructor(
    readonly network: string,
    readonly servers: readonly FaultServer[],
  ) {}

  /** Make the servers and let them form their group. What a killed run has left behind is removed first. */
  static async form(nodes: number): Promise<FaultCluster> {
    await removeAbandoned();
    const image = ensureImage();
    FaultCluster.made += 1;
    const prefix = `pgf-${process.pid}-${FaultCluster.made}`;
    const network = `${prefix}-network`;
    const ports = await freePorts(firstPort, lastPort, nodes);
    const servers = ports.map((port, index) => FaultServer.declare({ prefix, network, image }, index + 1, port));
    const cluster = new FaultCluster(network, servers);
    try {
      command(['network', 'create', network]);
      await cluster.#bootstrap();
    } catch (error) {
      cluster.remove();
      throw error;
    }
    return cluster;
  }

  get endpoints(): { host: string; port: number }[] {
    return this.servers.map(({ endpoint }) => endpoint);
  }

  get names(): string[] {
    return this.servers.map(({ container }) => container);
  }

  /** What each server says of itself; undefined for one that does not answer. */
  async statuses(): Promise<(Status | undefined)[]> {
    return Promise.all(this.servers.map(async (server) => server.status().catch(() => undefined)));
  }

  /** The server that accepts commits now. */
  async primary(deadline = 30_000): Promise<FaultServer> {
    const look = async () => (await this.statuses()).findIndex((status) => status?.writable === true);
    const index = await eventually('a primary', look, (position) => position >= 0, deadline);
    return this.servers[index] as FaultServer;
  }

  others(than: FaultServer): FaultServer[] {
    return this.servers.filter((server) => server !== than);
  }

  /** The whole output of every server, in a file each. */
  async saveLogs(directory: string): Promise<void> {
    for (const server of this.servers) writeFileSync(join(directory, `${server.name}.log`), await server.log());
  }

  /** Containers, volumes and network, in whatever state they are. */
  remove(): void {
    for (const { node } of this.servers) node.dispose();
    command(['network', 'rm', this.network]);
  }

  async #bootstrap(): Promise<void> {
    const nodes = this.servers.map(({ node }) => node);
    const configuration = {
      initial_cluster: nodes.map(({ member }) => member).join(','),
      formation_token: 'f0'.repeat(16),
    };
    for (const node of nodes) node.create();
    for (const node of nodes) {
      await node.reaches({ phase: 'waiting' }, 30_000);
      node.configure(configuration);
    }
    const [first, ...standbys] = nodes;
    first?.exec(['pgraft-node', 'initialize']);
    await first?.reaches({ phase: 'running' }, 60_000);
    for (const standby of standbys) standby.exec(['pgraft-node', 'clone', first?.hostname ?? '', '5432']);
  }
}

/** Clusters of runs that no longer run: their names have the process that made them. */
async function removeAbandoned(): Promise<void> {
  const lists = [
    { list: ['ps', '--all', '--format', '{{.Names}}'], remove: ['rm', '--force', '--volumes'] },
    { list: ['volume', 'ls', '--format', '{{.Name}}'], remove: ['volume', 'rm', '--force'] },
    { list: ['network', 'ls', '--format', '{{.Name}}'], remove: ['network', 'rm'] },
  ];
  for (const { list, remove } of lists) {
    const abandoned = (await dockerLines(...list)).filter((name) => {
      const pid = /^pgf-(\d+)-/.exec(name)?.[1];
      return pid !== undefined && !isRunning(Number(pid));
    });
    if (abandoned.length > 0) await mustRun('docker', [...remove, ...abandoned]);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
