/** A cluster that is changed by changing its code while clients write to it: how long nobody could write, and what was lost. */
import type pg from 'pg';
import { nodeName } from '../../constructs/topology.js';
import { readSecrets } from '../../scripts/kit/secrets.js';
import { ClusterProject, type Context } from './cluster-project.js';
import { eventually } from './eventually.js';
import { everyStandbyReplayed, missingOn, type Asked } from './missing-rows.js';
import type { Login } from './primary-connection.js';
import { queryOnce } from './query.js';
import type { Ended } from './shell.js';
import { WriteLoad, type WriteLoadOptions } from './write-load.js';
import { longestGap } from './write-record.js';

export interface Changed extends Ended {
  /** Milliseconds without an acknowledgement, at most, until all clients write again. */
  readonly gap: number;
}

type Manner = Pick<WriteLoadOptions, 'clients' | 'patience' | 'pace'>;

const host = '127.0.0.1';
const mostServers = 9;
/** Of a deploy, which may replace every server one after the other. */
const deployDeadline = 300_000;
const deadline = 60_000;
/** Writes after which every client is taken to be at work. */
const warm = 40;

export class WrittenCluster {
  #nodes: number;

  private constructor(
    readonly project: ClusterProject,
    readonly load: WriteLoad,
    private readonly superuser: Login,
    private readonly application: Login,
    context: Context,
  ) {
    this.#nodes = nodesOf(context);
  }

  /** Bring a cluster up, and write to it: with four clients, and a row in 20 ms each at most, unless told otherwise. */
  static async open(context: Context, manner: Manner = {}): Promise<WrittenCluster> {
    const project = await ClusterProject.open(context);
    try {
      const started = await project.start({}, { deadline: deployDeadline });
      if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
      const secrets = readSecrets(project.file('secrets.json'));
      if (secrets === undefined) throw new Error(`npm start has left no ${project.file('secrets.json')}`);
      const superuser = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
      const login = { user: 'app', password: secrets.application_password, database: 'app' };
      const endpoints = Array.from({ length: mostServers }, (_, index) => endpointOf(project, index + 1));
      const load = await WriteLoad.begin({ pace: 20, ...manner, endpoints, login });
      return new WrittenCluster(project, load, superuser, login, context);
    } catch (error) {
      await project.close();
      throw error;
    }
  }

  /** The names of the servers that were declared last. */
  get names(): string[] {
    return Array.from({ length: this.#nodes }, (_, index) => nodeName(index + 1));
  }

  /** `cdktf deploy '*'` of `context`, as it ended. @param started hears the process of cdktf */
  async deploy(context: Context, started?: (pid: number) => void): Promise<Ended> {
    this.project.configure(context);
    this.#nodes = nodesOf(context);
    const args = ['deploy', '*', '--auto-approve'];
    const options = { env: { CI: 'true' }, deadline: deployDeadline, ...(started && { started }) };
    return this.project.run('node_modules/.bin/cdktf', args, options);
  }

  /** The same, which must succeed, under the eyes of the clients. @throws Error with its output when it fails */
  async change(context: Context): Promise<Changed> {
    await this.#everyClientWrites();
    const begun = performance.now();
    const ended = await this.deploy(context);
    if (ended.status !== 0) throw new Error(`cdktf deploy ended with status ${ended.status}:\n${ended.output}`);
    return { ...ended, gap: await this.gapSince(begun) };
  }

  /** Milliseconds without an acknowledgement, at most, from `begun` until all clients write again. */
  async gapSince(begun: number): Promise<number> {
    await this.#everyClientWrites();
    return longestGap(this.load.acknowledgedWrites(), begun, performance.now());
  }

  async #everyClientWrites(): Promise<void> {
    const before = this.load.acknowledged;
    const look = () => this.load.acknowledged - before;
    await eventually('all clients to write', look, (count) => count >= warm, deadline);
  }

  /** A sentence for each acknowledged row that a server does not have, once. */
  async missing(): Promise<string[]> {
    const acknowledged = this.load.acknowledgedWrites();
    const servers = this.names.map((_, index) => this.#server(index + 1));
    const leading = await this.project.primary();
    const isPrimary = ({ name }: Asked) => name === leading;
    const [primary] = servers.filter(isPrimary);
    if (primary === undefined) throw new Error(`${leading} is the primary, and was not declared`);
    const standbys = servers.filter((server) => !isPrimary(server));
    await everyStandbyReplayed(primary, standbys, deadline);
    const missing = servers.map(async (server) => missingOn(server, acknowledged, this.load, this.application));
    return (await Promise.all(missing)).flat();
  }

  async close(): Promise<void> {
    await this.load.end();
    await this.project.close();
  }

  #server(id: number): Asked {
    const { project, superuser } = this;
    return {
      name: nodeName(id),
      query: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = [], login = superuser) =>
        queryOnce<Row>(endpointOf(project, id), login, text, values, deadline),
    };
  }
}

function nodesOf({ nodes }: Context): number {
  return typeof nodes === 'number' ? nodes : 3;
}

function endpointOf({ ports }: ClusterProject, id: number): { host: string; port: number } {
  return { host, port: ports.postgres + id - 1 };
}
