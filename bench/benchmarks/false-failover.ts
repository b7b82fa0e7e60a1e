/** Whether a busy machine is ever taken for a dead primary: a write load, no fault of any server, and no failover wanted. */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { application, FaultCluster } from '../../test/faults/fault-cluster.js';
import { during, type Fault } from '../../test/faults/fault.js';
import { forceToDisk, saturate } from '../../test/faults/verbs/machine.js';
import { verify, whole } from '../../test/faults/verify.js';
import { ensureImage } from '../../test/support/image.js';
import { WriteLoad } from '../../test/support/write-load.js';
import { longestGap } from '../../test/support/write-record.js';
import { chooseCases } from '../choose.js';
import type { Benchmark, Series } from '../kit.js';

const nodes = 3;
const clients = 4;
/** Milliseconds from one row of a client to its next: every row is kept in memory for half an hour. */
const pace = 20;
/** A commit may wait for long behind four writers; it shall not be given up for that. */
const patience = { connect: 10_000, statement: 30_000 };
const deadline = 120_000;

interface Case {
  readonly name: string;
  readonly what: string;
  readonly minutes: number;
  fault(cluster: FaultCluster, milliseconds: number): Fault;
}

const cases: readonly Case[] = [
  {
    name: 'busy',
    what: '32 busy loops',
    minutes: 30,
    fault: (_, milliseconds) => saturate(milliseconds, 32),
  },
  {
    name: 'fsync',
    what: '4 dd conv=fsync',
    minutes: 10,
    fault: ({ network }, milliseconds) =>
      forceToDisk({ name: `${network}-load`, image: ensureImage(), loops: 4, milliseconds }),
  },
];

export const falseFailover: Benchmark = {
  name: 'false-failover',
  about: `a busy machine, ${nodes} servers, ${clients} clients: no failover, and the longest silence of the leader`,
  runs: 1,
  cases: cases.map(({ name }) => name),
  heeds: ['minutes'],
  async measure({ runs, only, minutes, signal }) {
    const series: Series[] = [];
    for (const one of chooseCases(cases, only)) {
      for (let run = 0; run < runs; run += 1) {
        signal.throwIfAborted();
        series.push(...(await measureCase(one, (minutes ?? one.minutes) * 60_000, signal)));
      }
    }
    return series;
  },
};

async function measureCase(one: Case, milliseconds: number, signal: AbortSignal): Promise<Series[]> {
  const cluster = await FaultCluster.form(nodes);
  try {
    await whole(cluster, deadline);
    const load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, clients, patience, pace });
    try {
      const series = await measureDuring(one.fault(cluster, milliseconds), milliseconds, cluster, load, signal);
      return series.map((each) => ({ ...each, what: `${one.what}, ${milliseconds / 60_000} min: ${each.what}` }));
    } finally {
      await load.end();
    }
  } finally {
    cluster.remove();
  }
}

async function measureDuring(
  fault: Fault,
  milliseconds: number,
  cluster: FaultCluster,
  load: WriteLoad,
  signal: AbortSignal,
): Promise<Series[]> {
  const before = await cluster.primary();
  const status = await before.status();
  const since = performance.now();
  const busy = await during(fault, async () => {
    await sleep(milliseconds, undefined, { signal });
    return loadavg()[0] ?? 0;
  });
  const gap = longestGap(load.acknowledgedWrites(), since, performance.now());
  const { lost, stale, stuck } = await verify(cluster, load, deadline);
  if (stuck !== undefined) throw new Error(`not every server serves at the end: ${stuck}`);
  const after = await (await cluster.primary()).status();
  const promotions = new Set([status, after].map(({ promotion_term: term }) => term ?? 0));
  for (const { promotion } of load.acknowledgedWrites()) promotions.add(promotion);
  return [
    { what: 'false failovers', unit: 'count', limit: 0, values: [promotions.size - 1] },
    { what: 'terms begun', unit: 'count', values: [after.current_term - status.current_term] },
    ...(await suspicions(cluster)),
    { what: 'longest time without an acknowledged write', unit: 'ms', values: [gap] },
    { what: 'processes that wanted a processor, at the end', unit: 'count', values: [busy] },
    { what: `rows lost of ${load.acknowledged} acknowledged ones`, unit: 'rows', limit: 0, values: [lost.length] },
    { what: 'rows acknowledged under an older promotion', unit: 'rows', limit: 0, values: [stale.length] },
  ];
}

interface Suspicions {
  readonly suspicions: number;
  readonly judged: number;
  readonly silence: number;
}

/** What the servers that follow have counted since they were started, which is since the cluster was formed; a value a server. */
async function suspicions(cluster: FaultCluster): Promise<Series[]> {
  const query = `
    SELECT leader_suspicions::float8 AS suspicions, leader_judged_dead::float8 AS judged,
           longest_leader_silence_ms::float8 AS silence
    FROM pgraft_log_get_stats()`;
  const followers = cluster.others(await cluster.primary());
  const rows = (await Promise.all(followers.map(async (server) => server.query<Suspicions>(query)))).flat();
  return [
    { what: 'longest silence of the leader, of a follower', unit: 'ms', values: rows.map(({ silence }) => silence) },
    { what: 'suspicions of the leader, of a follower', unit: 'count', values: rows.map((row) => row.suspicions) },
    { what: 'leader taken for dead, by a follower', unit: 'count', values: rows.map(({ judged }) => judged) },
  ];
}
