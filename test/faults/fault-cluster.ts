/** A cluster of its own to break: servers in containers without Terraform, formed in seconds, asked without blocking the load. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { ensureImage } from '../support/image.js';
import {
  configurationLines,
  docker as command,
  NodeContainer,
  secrets,
  type Place,
} from '../support/node-container.js';
import { queryOnce } from '../support/query.js';
import { releasePorts, takePorts } from '../support/ports.js';
import { docker, mustRun, run } from '../support/shell.js';
import { type Login } from '../support/primary-connection.js';
import { clusterLabel, nodeLabel, nodeName } from '../../constructs/topology.js';
import { eventually } from '../support/eventually.js';
import { removeAbandoned } from './abandoned.js';
import { makeDisk, removeDisks } from './disks.js';
import { inTurn } from './turns.js';

const firstPort = 18_400;
const lastPort = 18_499;
const queryDeadline = 5_000;
const commandDeadline = 60_000;
const volumeDirectory = '/var/lib/postgresql';

export const application: Login = { user: 'app', password: secrets.application_password, database: 'app' };

const superuser: Login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };

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
  /** Every member that this server knows, as `FaultCluster.membership` has it. */
  readonly members: string | null;
}

const statusQuery = `
  SELECT node_id, current_term::float8, state, role, writable, synchronous_in_force,
         promotion_term::float8, promotion_node_id, message, (
           SELECT string_agg(
             format('%s=%s:%s%s', m.node_id, address, port, CASE WHEN voter THEN '' ELSE ' spare' END), ', ' ORDER BY m.node_id)
           FROM pgraft_get_nodes() m) AS members
  FROM pgraft_get_cluster_status()`;

/** Options of docker that put Raft's directory on a volume of its own, if there is one. */
function mountOf(raftVolume: string | undefined): string[] {
  return raftVolume === undefined ? [] : ['--volume', `${raftVolume}:${volumeDirectory}/pgraft`];
}

export class FaultServer {
  private constructor(
    readonly node: NodeContainer,
    readonly port: number,
    private readonly image: string,
    /** Mounted where Raft's directory is. */
    readonly raftVolume: string | undefined,
  ) {}

  static declare(place: Place, id: number, port: number, ownRaftDisk: boolean, settings?: string): FaultServer {
    // a health check that begins just as its container is paused blocks the engine for good (seen with Docker 20.10)
    const options = ['--no-healthcheck', '--publish', `127.0.0.1:${port}:5432`];
    // so that our scripts find it
    options.push('--label', `${clusterLabel}=${place.prefix}`, '--label', `${nodeLabel}=${id}`);
    const raftVolume = ownRaftDisk ? `${place.prefix}-${nodeName(id)}-raft` : undefined;
    options.push(...mountOf(raftVolume));
    return new FaultServer(
      new NodeContainer({ place, name: nodeName(id), id, options, settings }),
      port,
      place.image,
      raftVolume,
    );
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

  /** As the cluster's membership names it. */
  get member(): string {
    return `${this.id}=${this.container}:${this.node.raftPort}`;
  }

  /** One statement in a connection of its own. @throws pg's error, with `code` */
  async query<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    login = superuser,
    deadline = queryDeadline,
  ): Promise<Row[]> {
    return queryOnce<Row>(this.endpoint, login, text, values, deadline);
  }

  async status(): Promise<Status> {
    const [row] = await this.query<Status & pg.QueryResultRow>(statusQuery);
    if (row === undefined) throw new Error('pgraft_get_cluster_status() has no row');
    return row;
  }

  /** Standard output of a command inside the container. */
  async exec(...args: string[]): Promise<string> {
    const command = ['exec', this.container, ...args];
    const ended = await inTurn([this.container], async () => mustRun('docker', command, { deadline: commandDeadline }));
    return ended.stdout.trim();
  }

  /** A shell script with this server's volume, which works whatever its container does: in one of its own, as root. */
  async onVolume(script: string): Promise<void> {
    const volumes = ['--volume', `${this.node.volume}:${volumeDirectory}`, ...mountOf(this.raftVolume)];
    const alone = ['--rm', '--network', 'none', '--user', 'root', '--workdir', volumeDirectory];
    await docker('run', ...alone, ...volumes, '--entrypoint', 'sh', this.image, '-ec', script);
  }

  /** A shell script that may change what is mounted in its container: as root of this machine, which has to be the engine's. */
  async inMountNamespace(script: string): Promise<void> {
    const pid = await docker('inspect', '--format', '{{.State.Pid}}', this.container);
    const inside = ['--target', pid, '--mount', '--pid', '--', 'sh', '-ec', script];
    await mustRun('nsenter', inside, { deadline: commandDeadline });
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

export interface Disks {
  readonly disk?: number | undefined;
  readonly raftDisk?: number | undefined;
}

export interface FaultClusterOptions extends Disks {
  readonly settings?: string | undefined;
}

export class FaultCluster {
  private static made = 0;

  private constructor(
    readonly network: string,
    readonly servers: readonly FaultServer[],
  ) {}

  /**
   * Make the servers and let them form their group. What a killed run has left behind is removed first.
   *
   * @param disk megabytes of each server's own disk. @default - volumes on the engine's
   * @param raftDisk megabytes of a disk of its own for each server's Raft directory. @default - it is on the server's volume
   * @param settings lines of postgresql.conf. @default - those of NodeContainer
   */
  static async form(nodes: number, { disk, raftDisk, settings }: FaultClusterOptions = {}): Promise<FaultCluster> {
    await removeAbandoned();
    const image = ensureImage();
    FaultCluster.made += 1;
    const prefix = `pgf-${process.pid}-${FaultCluster.made}`;
    const network = `${prefix}-network`;
    const ports = await takePorts(firstPort, lastPort, nodes);
    const place = { prefix, network, image };
    const servers = ports.map((port, index) =>
      FaultServer.declare(place, index + 1, port, raftDisk !== undefined, settings),
    );
    const cluster = new FaultCluster(network, servers);
    try {
      command(['network', 'create', network]);
      for (const { node, raftVolume } of servers) {
        if (disk !== undefined) makeDisk(node.volume, disk);
        if (raftDisk !== undefined && raftVolume !== undefined) makeDisk(raftVolume, raftDisk);
      }
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

  /** What every server shows as its members when all are voters. */
  get membership(): string {
    return this.servers.map(({ member }) => member).join(', ');
  }

  /** Hand a server whose volume is empty what the others have, without the token that lets a group form. */
  async configure({ container }: FaultServer): Promise<void> {
    const input = configurationLines({ initial_cluster: this.#initialCluster });
    const args = ['exec', '--interactive', container, 'pgraft-node', 'configure'];
    await mustRun('docker', args, { input, deadline: commandDeadline });
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
    const volumes = this.servers.flatMap(({ node, raftVolume }) => {
      node.dispose();
      if (raftVolume === undefined) return [node.volume];
      command(['volume', 'rm', '--force', raftVolume]);
      return [node.volume, raftVolume];
    });
    removeDisks((volume) => volumes.includes(volume));
    command(['network', 'rm', this.network]);
    releasePorts(this.endpoints.map(({ port }) => port));
  }

  get #initialCluster(): string {
    return this.servers.map(({ node }) => node.member).join(',');
  }

  async #bootstrap(): Promise<void> {
    const nodes = this.servers.map(({ node }) => node);
    const configuration = { initial_cluster: this.#initialCluster, formation_token: 'f0'.repeat(16) };
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
