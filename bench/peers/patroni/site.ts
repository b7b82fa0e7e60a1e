/** Three servers of Patroni's, measured as ours are. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { messageOf } from '../../../scripts/kit/errors.js';
import { removeAbandoned } from '../../../test/faults/abandoned.js';
import { application } from '../../../test/faults/fault-cluster.js';
import { everyStandbyReplayed, missingOn } from '../../../test/support/missing-rows.js';
import { eventually } from '../../../test/support/eventually.js';
import { docker } from '../../../test/support/node-container.js';
import { takePorts } from '../../../test/support/ports.js';
import { mustRun, run } from '../../../test/support/shell.js';
import { WriteLoad } from '../../../test/support/write-load.js';
import { findStale } from '../../../test/support/write-record.js';
import { clients, others, patience, staleSentence, type Damage, type Site } from '../../outage/site.js';
import { PatroniServer } from './server.js';
import { insert, scope, setUp, type Timing } from './settings.js';

const nodes = 3;
const firstPort = 18_500;
const lastPort = 18_599;
const buildDeadline = 10 * 60_000;
const image = 'pgraft-bench-patroni';
const context = fileURLToPath(new URL('image', import.meta.url));

/** GET /cluster, as far as it is asked here. */
const clusterPage = z.object({
  members: z.array(
    z.object({ name: z.string(), role: z.string(), state: z.string(), timeline: z.number().optional() }),
  ),
});

const streamsQuery = `
  SELECT count(*)::int AS streams FROM pg_stat_replication
  WHERE state = 'streaming' AND sync_state = 'quorum'`;

export class PatroniSite implements Site {
  /** The clients' time without a primary is a matter of ttl, and a server's way back of a few loops. */
  readonly deadline: number;
  #load: WriteLoad | undefined;

  private constructor(
    readonly label: string,
    readonly network: string,
    readonly servers: readonly PatroniServer[],
    private readonly timing: Timing,
  ) {
    this.deadline = (4 * timing.ttl + 60) * 1_000;
  }

  /** Build the image if it is not there, start the servers, and let them form their cluster. */
  static async form(label: string, timing: Timing): Promise<PatroniSite> {
    await removeAbandoned();
    await mustRun('docker', ['build', '--tag', image, context], { deadline: buildDeadline });
    const prefix = `pgf-${process.pid}-patroni-${timing.ttl}`;
    const network = `${prefix}-network`;
    const place = { prefix, network, image };
    const free = await takePorts(firstPort, lastPort, 3 * nodes);
    const servers = Array.from({ length: nodes }, (_, index) => {
      const [postgres = 0, restApi = 0, etcd = 0] = free.slice(3 * index);
      return new PatroniServer(place, index + 1, { postgres, restApi, etcd });
    });
    const site = new PatroniSite(label, network, servers, timing);
    try {
      await site.#form();
      return site;
    } catch (error) {
      const logs = await site.#lastWords();
      await site.remove();
      throw new Error(`${label} does not form its cluster: ${messageOf(error)}\n${logs}`, { cause: error });
    }
  }

  get load(): WriteLoad {
    if (this.#load === undefined) throw new Error(`${this.label} has no write load yet`);
    return this.#load;
  }

  async primary(): Promise<PatroniServer> {
    const look = async () => (await this.#inRecovery()).indexOf(false);
    const index = await eventually('a primary', look, (position) => position >= 0, this.deadline);
    return this.servers[index] as PatroniServer;
  }

  async streaming(): Promise<void> {
    const look = async () => (await this.#streamingTroubles()).join('; ');
    await eventually(`${this.label} to stream`, look, (seen) => seen === '', this.deadline);
  }

  async whole(): Promise<void> {
    await this.streaming();
    const look = async () => (await this.#troubles()).join('; ');
    await eventually(`${this.label} to be whole`, look, (seen) => seen === '', this.deadline);
  }

  async switchover(primary: PatroniServer): Promise<void> {
    const [candidate] = others(this, primary);
    const roles = ['--leader', primary.name, '--candidate', candidate?.name ?? ''];
    await primary.exec('patronictl', 'switchover', scope, ...roles, '--force');
  }

  async damage(): Promise<Damage> {
    await this.whole();
    const primary = await this.primary();
    // what is acknowledged after this a standby need not have
    const acknowledged = this.load.acknowledgedWrites();
    await everyStandbyReplayed(primary, others(this, primary), this.deadline);
    const missing = this.servers.map(async (server) => missingOn(server, acknowledged, this.load, application));
    return { lost: (await Promise.all(missing)).flat(), stale: findStale(acknowledged).map(staleSentence) };
  }

  async remove(): Promise<void> {
    await this.#load?.end();
    for (const server of this.servers) server.dispose();
    await run('docker', ['network', 'rm', this.network]);
  }

  async #form(): Promise<void> {
    docker(['network', 'create', this.network]);
    const hosts = this.servers.map(({ container }) => container);
    for (const server of this.servers) server.create(hosts, this.timing);
    await this.whole();
    const primary = await this.primary();
    for (const statement of setUp) await primary.query(statement);
    const endpoints = this.servers.map(({ endpoint }) => endpoint);
    this.#load = await WriteLoad.begin({ endpoints, login: application, clients, patience, insert });
  }

  /** Of each server; undefined of one that does not answer. */
  async #inRecovery(): Promise<(boolean | undefined)[]> {
    return Promise.all(
      this.servers.map(async (server) => {
        const rows = server.query<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery');
        return (await rows.catch(() => []))[0]?.recovery;
      }),
    );
  }

  async #streamingTroubles(): Promise<string[]> {
    const recovery = await this.#inRecovery();
    const silent = this.servers.filter((_, index) => recovery[index] === undefined);
    if (silent.length > 0) return silent.map(({ name }) => `${name} does not answer`);
    const [primary, ...more] = this.servers.filter((_, index) => recovery[index] === false);
    if (primary === undefined || more.length > 0) return [`${more.length + (primary ? 1 : 0)} servers are primaries`];
    const [row] = await primary.query<{ streams: number }>(streamsQuery).catch(() => []);
    return row?.streams === nodes - 1 ? [] : [`${row?.streams ?? 0} of ${nodes - 1} stream from ${primary.name}`];
  }

  /** Also what the next fault needs: etcd with all members, and Patroni knowing of all servers. */
  async #troubles(): Promise<string[]> {
    const found = await Promise.all(this.servers.map(async (server) => this.#troublesOf(server).catch(messageOf)));
    return [...(await this.#streamingTroubles()), ...found.filter((trouble) => trouble !== undefined)];
  }

  async #troublesOf(server: PatroniServer): Promise<string | undefined> {
    const health = z.object({ health: z.string() }).parse(await server.ask('etcd', 'health'));
    if (health.health !== 'true') return `etcd of ${server.name} is not healthy`;
    const { members } = clusterPage.parse(await server.ask('restApi', 'cluster'));
    const roles = members.map(({ role, state }) => `${role} ${state}`).sort();
    const wanted = ['leader running', 'quorum_standby streaming', 'quorum_standby streaming'];
    const timelines = new Set(members.map(({ timeline }) => timeline));
    if (roles.join() === wanted.join() && timelines.size === 1) return undefined;
    return `Patroni of ${server.name} sees: ${roles.join(', ')} on timelines ${[...timelines].join(', ')}`;
  }

  async #lastWords(): Promise<string> {
    const logs = this.servers.map(async ({ container }) => {
      const ended = await run('docker', ['logs', '--tail', '15', container], { deadline: 20_000 });
      return `${container}:\n${ended.output}`;
    });
    return (await Promise.all(logs)).join('\n');
  }
}
