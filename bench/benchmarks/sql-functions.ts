/** What a call of each pgraft function takes: of the reading ones on the server, of the changing ones as the caller sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { openSession } from '../../test/support/primary-connection.js';
import { secrets } from '../../test/support/node-container.js';
import { FaultCluster, type FaultServer } from '../../test/faults/fault-cluster.js';
import { whole } from '../../test/faults/verify.js';
import { repeat, type Benchmark, type Series } from '../kit.js';

const nodes = 3;
const deadline = 60_000;
const superuser = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
const patience = { connect: 1_000, statement: 20_000 };
/** Seconds of pgbench for each function. */
const seconds = 5;
const settings = 100;

/** Statement and how many rows to look at: calls that return rows are asked for all of them. */
const reading = [
  'SELECT pgraft_is_leader()',
  'SELECT pgraft_get_leader()',
  'SELECT pgraft_get_term()',
  'SELECT pgraft_quorum_met()',
  'SELECT pgraft_get_worker_state()',
  'SELECT pgraft_get_version()',
  'SELECT * FROM pgraft_get_cluster_status()',
  'SELECT * FROM pgraft_get_nodes()',
  'SELECT * FROM pgraft_get_config()',
  'SELECT * FROM pgraft_log_get_stats()',
  'SELECT * FROM pgraft_get_events()',
];

export const sqlFunctions: Benchmark = {
  name: 'sql-functions',
  about: `a call of each SQL function, ${nodes} servers; runs are transfers of leadership`,
  runs: 20,
  async measure({ runs, signal }) {
    const cluster = await FaultCluster.form(nodes);
    try {
      await whole(cluster, deadline);
      const calls: Series[] = [];
      for (const statement of reading) {
        signal.throwIfAborted();
        calls.push(await measureReading(cluster, statement));
      }
      return [...calls, ...(await measureSettings(cluster)), await measureTransfers(cluster, runs, signal)];
    } finally {
      cluster.remove();
    }
  },
};

/** pgbench's own mean over one client's calls, on every server. */
async function measureReading(cluster: FaultCluster, statement: string): Promise<Series> {
  const values: number[] = [];
  for (const server of cluster.servers) {
    await server.exec('sh', '-c', `echo "${statement};" > /tmp/call.sql`);
    const output = await server.exec('pgbench', '-n', '-M', 'prepared', '-T', String(seconds), '-f', '/tmp/call.sql');
    const mean = /latency average = ([\d.]+) ms/.exec(output)?.[1];
    if (mean === undefined) throw new Error(`pgbench gave no latency:\n${output}`);
    values.push(Number(mean) * 1_000);
  }
  return { what: `${statement}, mean of a server`, unit: 'µs', limit: 200, values };
}

async function measureSettings(cluster: FaultCluster): Promise<Series[]> {
  const primary = await cluster.primary();
  const [follower] = cluster.others(primary);
  const series: Series[] = [];
  for (const [where, server] of [
    ['the leader', primary],
    ['a follower', follower as FaultServer],
  ] as const) {
    const session = await openSession(server.endpoint, superuser, { patience });
    let number = 0;
    const values = await repeat(settings, async () => {
      number += 1;
      const start = performance.now();
      await session.client.query("SELECT pgraft_set_config('cluster_name', $1)", [`bench ${number}`]);
      return performance.now() - start;
    });
    session.destroy();
    series.push({ what: `pgraft_set_config() on ${where}`, unit: 'ms', limit: { median: 20 }, values });
  }
  return series;
}

/** From the call until another server has acknowledged a row. */
async function measureTransfers(cluster: FaultCluster, runs: number, signal: AbortSignal): Promise<Series> {
  const first = await cluster.primary();
  await first.query('CREATE TABLE transferred (at timestamptz DEFAULT clock_timestamp())');
  const values = await repeat(runs, async () => {
    signal.throwIfAborted();
    await whole(cluster, deadline);
    const primary = await cluster.primary();
    const [target] = cluster.others(primary);
    if (target === undefined) throw new Error('a cluster of one server');
    return transfer(primary, target);
  });
  return {
    what: 'pgraft_transfer_leadership(), until the new primary has acknowledged',
    unit: 'ms',
    limit: 500,
    values,
  };
}

async function transfer(from: FaultServer, to: FaultServer): Promise<number> {
  const [caller, writer] = await Promise.all(
    [from, to].map(async (server) => openSession(server.endpoint, superuser, { patience })),
  );
  if (caller === undefined || writer === undefined) throw new Error('no sessions');
  try {
    const start = performance.now();
    const called = caller.client.query<{ done: boolean }>('SELECT pgraft_transfer_leadership($1) AS done', [to.id]);
    await untilWritten(writer.client);
    const took = performance.now() - start;
    const { rows } = await called;
    if (rows[0]?.done !== true) throw new Error('pgraft_transfer_leadership() did not return true');
    return took;
  } finally {
    caller.destroy();
    writer.destroy();
  }
}

/** As a client would that knows where the primary will be: again at once after each refusal. */
async function untilWritten(client: pg.Client): Promise<void> {
  const end = performance.now() + deadline;
  for (;;) {
    try {
      await client.query('INSERT INTO transferred DEFAULT VALUES');
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(2);
    }
  }
}
