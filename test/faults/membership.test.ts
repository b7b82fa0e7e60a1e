import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { WriteLoad } from '../support/write-load.js';
import { longestGap } from '../support/write-record.js';
import { application, FaultCluster, type FaultServer } from './fault-cluster.js';
import { saveLogsOfFailed } from './saved-logs.js';
import { during } from './fault.js';
import { kill, stop } from './verbs/containers.js';
import { addMember, removeMember } from './verbs/membership.js';
import { verify, whole } from './verify.js';

const pace = 5;
const recovery = 60_000;
const seed = 6;
const times = Number(process.env['PGRAFT_TEST_TIMES']);

const roles = ['the leader', 'a standby', 'the other standby'] as const;

interface Moment {
  /** Who is removed and added again. */
  readonly changed: (typeof roles)[number];
  /** Milliseconds from the beginning of the change until the leader is killed, and until it is started again. */
  readonly killed: number;
  readonly started: number;
}

const moments: readonly Moment[] = fc.sample(
  fc.noBias(
    fc.record({
      changed: fc.constantFrom(...roles),
      killed: fc.integer({ min: 0, max: 1_500 }),
      started: fc.integer({ min: 0, max: 4_000 }),
    }),
  ),
  { seed, numRuns: times },
);

describe('a cluster of three that is written to, while its members come and go:', () => {
  let cluster: FaultCluster;
  let load: WriteLoad;

  beforeAll(async () => {
    cluster = await FaultCluster.form(3);
    await whole(cluster, 60_000);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, pace });
  });
  saveLogsOfFailed('membership', () => cluster);
  // whole is also: every server shows the same membership, of which all are voters
  afterEach(async () => {
    expect(await verify(cluster, load, recovery)).toMatchObject({ lost: [], stale: [], stuck: undefined });
  });
  afterAll(async () => {
    await load.end();
    cluster.remove();
  });

  it.each(moments)(
    '$changed is removed and added again, the leader killed after $killed ms and started $started ms later',
    async ({ changed, killed, started }) => {
      const leader = await cluster.primary();
      const server = [leader, ...cluster.others(leader)][roles.indexOf(changed)] as FaultServer;
      const begun = performance.now();
      const change = async () => {
        await removeMember(cluster, server);
        await addMember(cluster, server);
      };
      const fault = async () => {
        await sleep(killed);
        await during(kill(leader), async () => sleep(started));
      };
      const ended = await Promise.allSettled([change(), fault()]);
      expect(ended).toEqual(ended.map(() => ({ status: 'fulfilled', value: undefined })));
      const took = Math.round(performance.now() - begun);
      const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
      console.info(`${server.name} was removed and added in ${took} ms; ${gap.toFixed(0)} ms without a write`);
    },
  );

  it.each([1, 2, 3])('rolling maintenance of node %i: the five steps, by hand', async (id) => {
    const target = cluster.servers.find((server) => server.id === id) as FaultServer;
    const node = async (column: string) => {
      const primary = await cluster.primary();
      const text = `SELECT ${column} AS value FROM pgraft_get_nodes() WHERE node_id = $1`;
      return (await primary.query<{ value: unknown }>(text, [id]))[0]?.value;
    };
    const begun = performance.now();

    load.drain(target.endpoint);
    try {
      const clients = "SELECT count(*)::int AS clients FROM pg_stat_activity WHERE usename = 'app'";
      const look = async () => (await target.query<{ clients: number }>(clients))[0]?.clients;
      await eventually('no client to be left', look, (count) => count === 0, 5_000);

      const [role] = await target.query<{ leads: boolean }>('SELECT pgraft_is_leader() AS leads');
      if (role?.leads === true) {
        expect(await target.query('SELECT pgraft_transfer_leadership()')).toEqual([
          { pgraft_transfer_leadership: true },
        ]);
        await eventually(
          'another primary',
          async () => cluster.primary(),
          (primary) => primary !== target,
          10_000,
        );
      }

      const lag = async () => node('replication_lag_bytes');
      await eventually(`the lag of ${target.name} to be zero`, lag, (bytes) => bytes === '0', recovery);

      await during(stop(target), async () => Promise.resolve());

      const state = async () => node('state');
      await eventually(`${target.name} to be a follower`, state, (seen) => seen === 'follower', 30_000);
    } finally {
      load.admit(target.endpoint);
    }
    await whole(cluster, 30_000);
    const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
    console.info(`maintenance of ${target.name}: ${gap.toFixed(0)} ms without a write at most`);
  });
});
