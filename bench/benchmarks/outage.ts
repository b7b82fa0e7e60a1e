/** How long nobody can write after a fault: the longest time without an acknowledgement among all clients around it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.js';
import { WriteLoad } from '../../test/support/write-load.js';
import { isAcknowledged, longestGap } from '../../test/support/write-record.js';
import { application, FaultCluster, type FaultServer } from '../../test/faults/fault-cluster.js';
import type { Fault } from '../../test/faults/fault.js';
import { kill, pause, stop } from '../../test/faults/verbs/containers.js';
import { disconnect } from '../../test/faults/verbs/network.js';
import { killProcess } from '../../test/faults/verbs/processes.js';
import { verify, whole } from '../../test/faults/verify.js';
import type { Benchmark, Series } from '../kit.js';

const nodes = 3;
const clients = 4;
/** Below what the servers themselves need to notice silence, so that it is their time that is measured. */
const patience = { connect: 1_000, statement: 1_000 };
const deadline = 60_000;
/** Seconds from a deposed server being alive again to its streaming: what is promised of the median. */
const rejoinLimit = 5;
/** Writes before each fault, so that every client is at work. */
const warm = 40;

interface Case {
  readonly what: string;
  fault(cluster: FaultCluster, primary: FaultServer): Fault;
  /** Milliseconds; it is healed then, or when a newer primary has acknowledged, whichever is later. */
  readonly lasts?: number;
  /** Seconds. */
  readonly limit?: number;
  /** The primary stays. */
  readonly harmless?: boolean;
  /** The server is alive again without being healed: its way back begins with the fault. */
  readonly healsItself?: boolean;
}

const cases: readonly Case[] = [
  { what: 'docker kill of the primary', fault: (_, primary) => kill(primary), limit: 3 },
  {
    what: "kill -9 of the primary's postmaster",
    fault: (_, primary) => killProcess(primary, 'postmaster'),
    healsItself: true,
  },
  { what: 'docker stop of the primary', fault: (_, primary) => stop(primary) },
  { what: 'docker pause of the primary for 5 s', fault: (_, primary) => pause(primary), lasts: 5_000 },
  { what: 'docker network disconnect of the primary', fault: (cluster, primary) => disconnect(cluster, primary) },
  {
    what: 'docker kill of a standby for 2 s',
    fault: (cluster, primary) => kill(...cluster.others(primary).slice(0, 1)),
    lasts: 2_000,
    harmless: true,
  },
];

interface Measured {
  /** Seconds without an acknowledgement. */
  readonly gap: number;
  /** Seconds from when the deposed server is alive again until every server streams. */
  readonly rejoin: number;
}

export const outage: Benchmark = {
  name: 'outage',
  about: `last acknowledged write to first acknowledged write around a fault, ${nodes} servers, ${clients} clients`,
  runs: 20,
  async measure({ runs, signal }) {
    const cluster = await FaultCluster.form(nodes);
    try {
      await whole(cluster, deadline);
      const { endpoints } = cluster;
      const load = await WriteLoad.begin({ endpoints, login: application, clients, patience });
      try {
        const series: Series[] = [];
        for (const one of cases) series.push(...(await measureCase(cluster, load, one, runs, signal)));
        return [...series, ...(await conclude(cluster, load))];
      } finally {
        await load.end();
      }
    } finally {
      cluster.remove();
    }
  },
};

async function measureCase(
  cluster: FaultCluster,
  load: WriteLoad,
  one: Case,
  runs: number,
  signal: AbortSignal,
): Promise<Series[]> {
  const measured: Measured[] = [];
  for (let run = 0; run < runs; run += 1) {
    signal.throwIfAborted();
    measured.push(await measureOnce(cluster, load, one));
  }
  const { what, limit, harmless = false } = one;
  const gaps: Series = {
    what,
    unit: 's',
    values: measured.map(({ gap }) => gap),
    ...(limit === undefined ? {} : { limit }),
  };
  if (harmless) return [gaps];
  const rejoins: Series = {
    what: `${what}: alive again to streaming`,
    unit: 's',
    values: measured.map(({ rejoin }) => rejoin),
    limit: rejoinLimit,
    limited: 'median',
  };
  return [gaps, rejoins];
}

async function measureOnce(cluster: FaultCluster, load: WriteLoad, one: Case): Promise<Measured> {
  await whole(cluster, deadline);
  const before = load.acknowledged;
  await eventually(
    'all clients to write',
    () => load.acknowledged - before,
    (count) => count >= warm,
    deadline,
  );
  const primary = await cluster.primary();
  const promotion = (await primary.status()).promotion_term ?? 0;
  const fault = one.fault(cluster, primary);
  const since = performance.now();
  const atLeast = sleep(one.lasts ?? 0);
  try {
    await fault.inject();
    if (one.harmless !== true) await newerPrimary(load, promotion);
    await atLeast;
  } finally {
    await fault.heal();
  }
  const alive = one.healsItself === true ? since : performance.now();
  await whole(cluster, deadline);
  const end = performance.now();
  return { gap: longestGap(load.acknowledgedWrites(), since, end) / 1_000, rejoin: (end - alive) / 1_000 };
}

async function newerPrimary(load: WriteLoad, promotion: number): Promise<void> {
  const isNewer = () => load.writes.findLast(isAcknowledged)?.promotion ?? 0;
  await eventually('a write under a newer promotion', isNewer, (newest) => newest > promotion, deadline);
}

/** @throws Error when servers do not serve again, so that nothing can be said about their rows */
async function conclude(cluster: FaultCluster, load: WriteLoad): Promise<Series[]> {
  const { lost, stale, stuck } = await verify(cluster, load, deadline);
  if (stuck !== undefined) throw new Error(`not every server serves at the end: ${stuck}`);
  return [
    { what: `rows lost of ${load.acknowledged} acknowledged ones`, unit: 'rows', limit: 0, values: [lost.length] },
    { what: 'rows acknowledged under an older promotion', unit: 'rows', limit: 0, values: [stale.length] },
  ];
}
