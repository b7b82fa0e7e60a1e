/**
 * Connections of strangers to the Raft port of a primary that is written to, with random and half-valid bytes: they cost nobody anything.
 * `npm run test:faults -- strangers` makes 100,000.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker, mustRun } from '../../support/shell.js';
import { WriteLoad } from '../../support/write-load.js';
import { application, FaultCluster, type FaultServer } from '../fault-cluster.js';
import { verify, whole } from '../verify.js';

const connections = Number(process.env['PGRAFT_TEST_CONNECTIONS']);
const seed = Number(process.env['PGRAFT_TEST_SEED'] ?? Date.now() % 2 ** 31);
const deadline = 60_000;
/** Before memory is looked at: buffers and pools have their size then. */
const warm = 1_000;
const source = fileURLToPath(new URL('../../../image', import.meta.url));
const script = fileURLToPath(new URL('flood.pl', import.meta.url));
/** Kilobytes that the worker may grow by, whatever the number of connections. */
const mostGrowth = 1_024;

interface Worker {
  readonly pid: number;
  /** Kilobytes, `VmRSS`. */
  readonly memory: number;
  readonly descriptors: number;
}

describe(`${connections} connections of strangers, PGRAFT_TEST_SEED=${seed}:`, () => {
  let cluster: FaultCluster;
  let primary: FaultServer;
  let load: WriteLoad;
  let compilers: string;
  beforeAll(async () => {
    // it has perl
    compilers = await docker('build', '--quiet', '--target', 'compilers', source);
    cluster = await FaultCluster.form(3);
    await whole(cluster, deadline);
    const patience = { connect: 5_000, statement: 30_000 };
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, clients: 4, pace: 20, patience });
    primary = await cluster.primary();
    await flood(warm, seed + 1);
  });
  afterAll(async () => {
    await load.end();
    cluster.remove();
  });

  const flood = async (count: number, from: number): Promise<string> => {
    const at = [primary.container, String(primary.node.raftPort), String(count), String(from)];
    const network = ['--network', cluster.network, '--volume', `${script}:/flood.pl:ro`];
    const ended = await mustRun('docker', ['run', '--rm', ...network, compilers, 'perl', '/flood.pl', ...at], {
      deadline: 10 * 60_000,
    });
    return ended.stdout.trim();
  };
  const worker = async (): Promise<Worker> => {
    const look = `
      pid=$(pgrep -f '^postgres: .*pgraft consensus')
      echo $pid $(sed -n 's/^VmRSS: *//p' /proc/$pid/status | tr -dc 0-9) $(ls /proc/$pid/fd | wc -l)`;
    const [pid = 0, memory = 0, descriptors = 0] = (await primary.exec('sh', '-c', look)).split(' ').map(Number);
    return { pid, memory, descriptors };
  };
  const stats = async () => {
    const [row] = await primary.query<{ refused: number; silent: number }>(
      'SELECT greetings_refused::int AS refused, connections_silent::int AS silent FROM pgraft_log_get_stats()',
    );
    if (row === undefined) throw new Error('pgraft_log_get_stats() has no row');
    return row;
  };
  const refusals = async () => (await primary.log()).split('\n').filter((line) => line.includes('refused: ')).length;
  const standing = async () => {
    const statuses = await Promise.all(cluster.servers.map((server) => server.status()));
    const terms = statuses.map(({ current_term, promotion_term, role }) => ({ current_term, promotion_term, role }));
    const started = await docker('inspect', '--format', '{{.State.StartedAt}} {{.RestartCount}}', ...cluster.names);
    return { terms, started };
  };

  it(
    'nobody restarts or stands for election, no row is lost, and the worker keeps its size',
    async () => {
      const before = { ...(await standing()), worker: await worker(), stats: await stats(), lines: await refusals() };
      const since = performance.now();
      const [made] = (await flood(connections, seed)).split(' ').map(Number);
      const seconds = (performance.now() - since) / 1_000;
      expect(made).toBe(connections);
      const closed = async () => (await worker()).descriptors;
      await eventually('the last to be hung up on', closed, (count) => count <= before.worker.descriptors, 10_000);
      const [after, counted, lines] = [await worker(), await stats(), (await refusals()) - before.lines];
      const growth = after.memory - before.worker.memory;
      const refused = counted.refused - before.stats.refused;
      const silent = counted.silent - before.stats.silent;
      console.info(
        `${made} connections in ${seconds.toFixed(0)} s: ${refused} greetings refused, ${silent} silent, ${lines} lines of log; ` +
          `the worker has ${after.memory} kB, ${growth} more; slowest commit ${load.slowest.toFixed(0)} ms`,
      );
      expect(await standing()).toEqual({ terms: before.terms, started: before.started });
      expect(after.pid).toBe(before.worker.pid);
      expect(growth).toBeLessThan(mostGrowth);
      expect(refused + silent).toBeGreaterThan(connections * 0.9);
      // one host, told of once in ten seconds
      expect(lines).toBeLessThanOrEqual(1 + Math.ceil(seconds / 10));
      const verdict = await verify(cluster, load, deadline);
      expect({ lost: verdict.lost, stale: verdict.stale, stuck: verdict.stuck }).toEqual({
        lost: [],
        stale: [],
        stuck: undefined,
      });
    },
    15 * 60_000,
  );
});
