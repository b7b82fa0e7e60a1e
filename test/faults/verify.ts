/** What must be so after every fault: all servers serve again, nothing acknowledged is lost, nobody acknowledged in the past. */
import { messageOf } from '../../scripts/kit/errors.js';
import { closely, eventually } from '../support/eventually.js';
import { everyStandbyReplayed, missingOn } from '../support/missing-rows.js';
import type { WriteLoad } from '../support/write-load.js';
import { findStale, type Acknowledged, type Stale } from '../support/write-record.js';
import { application, type FaultCluster, type FaultServer, type Status } from './fault-cluster.js';

export interface Verdict {
  /** Acknowledged rows that a server does not have, once; a sentence a server. */
  readonly lost: readonly string[];
  readonly stale: readonly Stale[];
  /** Why not every server serves again by the deadline; undefined when they do. */
  readonly stuck: string | undefined;
  /** Milliseconds until every server served. */
  readonly took: number;
}

const streamsQuery = `
  SELECT count(*)::int AS streams FROM pg_stat_replication
  WHERE state = 'streaming' AND sync_state = 'quorum' AND usename = 'pgraft_replication'`;

/** What keeps the cluster from being whole: one primary, the others streaming from it, all voters. Empty when nothing does. */
export async function troubles(cluster: FaultCluster): Promise<string[]> {
  const statuses = await cluster.statuses();
  const primary = cluster.servers[statuses.findIndex((status) => status?.writable === true)];
  const term = Math.max(...statuses.map((status) => status?.current_term ?? 0));
  const found = cluster.servers.flatMap((server, index) => {
    const status = statuses[index];
    const trouble = troubleOf(status, server === primary, primary, term) ?? membershipTrouble(status, cluster);
    return trouble === undefined ? [] : [`${server.name} ${trouble}`];
  });
  if (primary === undefined) return ['no server accepts commits', ...found];
  const [row] = await primary.query<{ streams: number }>(streamsQuery);
  const wanted = cluster.servers.length - 1;
  return row?.streams === wanted ? found : [...found, `${row?.streams ?? 0} of ${wanted} stream from ${primary.name}`];
}

function troubleOf(
  status: Status | undefined,
  isPrimary: boolean,
  primary: FaultServer | undefined,
  term: number,
): string | undefined {
  if (status === undefined) return 'does not answer';
  const wanted = isPrimary
    ? { role: 'primary', state: 'leader', writable: true, synchronous_in_force: true, current_term: term }
    : { role: 'standby', state: 'follower', writable: false, promotion_node_id: primary?.id, current_term: term };
  const wrong = Object.entries(wanted).filter(([key, value]) => status[key as keyof Status] !== value);
  if (wrong.length === 0) return undefined;
  const said = wrong.map(([key]) => `${key} = ${status[key as keyof Status] ?? 'null'}`).join(', ');
  return `says ${said}${status.message === null ? '' : ` (${status.message})`}`;
}

function membershipTrouble(status: Status | undefined, { membership }: FaultCluster): string | undefined {
  return status?.members === membership ? undefined : `shows as members: ${status?.members ?? 'none'}`;
}

/** Wait until every server serves. @returns after how many milliseconds @throws UserError with what is missing */
export async function whole(cluster: FaultCluster, deadline: number): Promise<number> {
  const start = performance.now();
  const look = async () => (await troubles(cluster)).join('; ');
  await eventually('the cluster to be whole', look, (seen) => seen === '', deadline, closely);
  return Math.round(performance.now() - start);
}

/** Look at every server once all serve again. The load goes on meanwhile. @param deadline milliseconds for each wait */
export async function verify(cluster: FaultCluster, load: WriteLoad, deadline: number): Promise<Verdict> {
  const start = performance.now();
  let stuck: string | undefined;
  try {
    await whole(cluster, deadline);
    await goesOn(load, deadline);
  } catch (error) {
    stuck = messageOf(error);
  }
  const took = Math.round(performance.now() - start);
  const acknowledged = load.acknowledgedWrites();
  const stale = findStale(acknowledged);
  if (stuck !== undefined) return { lost: await missingOnPrimary(cluster, load, acknowledged), stale, stuck, took };
  try {
    const primary = await cluster.primary(deadline);
    await everyStandbyReplayed(primary, cluster.others(primary), deadline);
    const missing = cluster.servers.map(async (server) => missingOn(server, acknowledged, load, application));
    return { lost: (await Promise.all(missing)).flat(), stale, stuck, took };
  } catch (error) {
    return { lost: [], stale, stuck: messageOf(error), took };
  }
}

/** Of a cluster that is stuck only its primary, if it has one, says what is lost: a standby may still lag. */
async function missingOnPrimary(
  cluster: FaultCluster,
  load: WriteLoad,
  acknowledged: readonly Acknowledged[],
): Promise<string[]> {
  const primary = cluster.servers[(await cluster.statuses()).findIndex((status) => status?.writable === true)];
  if (primary === undefined) return [];
  return missingOn(primary, acknowledged, load, application).catch(() => []);
}

/** Whole is what the servers say; this is what a client sees. */
async function goesOn(load: WriteLoad, deadline: number): Promise<void> {
  const before = load.acknowledged;
  const look = () => load.acknowledged - before;
  await eventually('ten acknowledged writes', look, (count) => count >= 10, deadline);
}
