import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { happensWithin } from '../support/eventually.js';
import { openSession } from '../support/primary-connection.js';
import { docker } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';
import { isAcknowledged, longestGap } from '../support/write-record.js';
import { application, FaultCluster, type FaultServer } from './fault-cluster.js';
import { saveLogsOfFailed } from './saved-logs.js';
import { during, type Fault } from './fault.js';
import { kill, pause, start, stop } from './verbs/containers.js';
import { disconnect } from './verbs/network.js';
import { killProcess } from './verbs/processes.js';
import { verify, whole } from './verify.js';

const pace = 5;
const recovery = 30_000;

describe('a cluster of three that is written to:', () => {
  let cluster: FaultCluster;
  let load: WriteLoad;
  let primary: FaultServer;

  /** Inject `fault` and wait for a row that another server than the primary of before acknowledges. */
  const takenOver = async (fault: Fault, milliseconds: number) => {
    const since = performance.now();
    const promotion = (await primary.status()).promotion_term ?? 0;
    const first = () => {
      const byOther = load.writes.find(
        (write) => write.sent > since && isAcknowledged(write) && write.server !== primary.id,
      );
      return Promise.resolve(byOther);
    };
    const [seen] = await Promise.all([
      happensWithin('another server acknowledges', milliseconds, first),
      fault.inject(),
    ]);
    // a row that waited there for the promotion still names the one before
    const taker = cluster.servers.find(({ id }) => id === seen.value.server);
    expect((await taker?.status())?.promotion_term).toBeGreaterThan(promotion);
    const gap = longestGap(load.acknowledgedWrites(), since, seen.value.acknowledged ?? since);
    console.info(`${fault.what}: acknowledged again after ${seen.took} ms; ${gap.toFixed(0)} ms without a write`);
  };
  /** The old primary streams from the new one; nobody brings it back. */
  const standsBy = async (old: FaultServer, milliseconds: number) => {
    const took = await whole(cluster, milliseconds);
    console.info(`${old.name} streams again after ${took} ms`);
    expect((await old.status()).role).toBe('standby');
  };

  beforeAll(async () => {
    cluster = await FaultCluster.form(3);
    await whole(cluster, 60_000);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, loyal: true, pace });
  });
  saveLogsOfFailed('failover', () => cluster);
  beforeEach(async () => {
    primary = await cluster.primary();
  });
  afterEach(async () => {
    expect(await verify(cluster, load, recovery)).toMatchObject({ lost: [], stale: [], stuck: undefined });
  });
  afterAll(async () => {
    await load.end();
    cluster.remove();
  });

  it('another server is primary and acknowledges within 3 s of docker kill; the killed one comes back as a standby', async () => {
    const fault = kill(primary);
    try {
      await takenOver(fault, 3_000);
    } finally {
      await fault.heal();
    }
    await standsBy(primary, 15_000);
  });

  it('another server acknowledges within 3 s of docker stop, while the stop is still under way, and there is nothing to rewind', async () => {
    const said = (await primary.log()).length;
    const fault = stop(primary);
    try {
      await takenOver(fault, 3_000);
    } finally {
      await fault.heal();
    }
    await standsBy(primary, 15_000);
    expect((await primary.log()).slice(said)).not.toContain('has to be rewound');
  });

  it('kill -9 of the postmaster: writes go on under a newer promotion within 5 s', async () => {
    const promotion = (await primary.status()).promotion_term ?? 0;
    const since = performance.now();
    await killProcess(primary, 'postmaster').inject();
    const newer = () =>
      Promise.resolve(load.writes.some((write) => write.sent > since && (write.promotion ?? 0) > promotion));
    const { took } = await happensWithin('a row is acknowledged under a newer promotion', 5_000, newer);
    console.info(`kill -9 of the postmaster: acknowledged again after ${took} ms`);
  });

  it('a primary that wakes up after its successor began acknowledges nothing', async () => {
    const patience = { connect: 5_000, statement: 20_000 };
    const session = await openSession(primary.endpoint, application, { patience });
    await session.client.query('CREATE TABLE woken (id int)');
    await session.client.query('INSERT INTO woken VALUES (1)');
    let late: Promise<unknown>;
    const fault = pause(primary);
    try {
      await takenOver(fault, 6_000);
      // it lies in the sleeper's receive buffer until it wakes up
      late = session.client.query('INSERT INTO woken VALUES (2)');
      late.catch(() => undefined);
    } finally {
      await fault.heal();
    }
    await expect(late).rejects.toThrow();
    session.destroy();
    await standsBy(primary, 15_000);
    for (const server of cluster.servers) {
      expect(await server.query('SELECT id FROM woken', [], application)).toEqual([{ id: 1 }]);
    }
  });

  it('another server acknowledges within 6 s of the network losing the primary, which streams again once it is back', async () => {
    const fault = disconnect(cluster, primary);
    try {
      await takenOver(fault, 6_000);
    } finally {
      await fault.heal();
    }
    await standsBy(primary, 20_000);
  });

  it('docker kill of a standby keeps no write waiting for 2 s', async () => {
    const [standby] = cluster.others(primary) as [FaultServer];
    const since = performance.now();
    const before = load.acknowledged;
    await during(kill(standby), async () => {
      await happensWithin('writes go on', 3_000, () => Promise.resolve(load.acknowledged > before + 100));
    });
    expect(longestGap(load.acknowledgedWrites(), since, performance.now())).toBeLessThan(2_000);
    expect((await cluster.primary()).id).toBe(primary.id);
  });

  it.each([
    ['the primary first', (first: FaultServer, others: FaultServer[]) => [first, ...others]],
    ['the primary last', (first: FaultServer, others: FaultServer[]) => [...others, first]],
  ])('all servers killed at once and started, %s, are whole within 15 s', async (_, order) => {
    const servers = order(primary, cluster.others(primary));
    await docker('kill', ...servers.map(({ container }) => container));
    for (const server of servers) await start(server);
    console.info(`whole after all were killed: ${await whole(cluster, 15_000)} ms`);
  });

  it('any two of three that were killed make a cluster without the third', async () => {
    const [survivor, third] = cluster.others(primary) as [FaultServer, FaultServer];
    await docker('kill', ...cluster.names);
    await during(
      { what: 'start two', inject: async () => start(primary), heal: async () => start(third) },
      async () => {
        await start(survivor);
        const before = load.acknowledged;
        await happensWithin('writes go on', 10_000, () => Promise.resolve(load.acknowledged > before));
      },
    );
  });

  it('a standby that was away for longer than WAL is kept is cloned anew, and keeps its place', async () => {
    const [standby] = cluster.others(primary) as [FaultServer];
    const settings = ['wal_keep_size', 'max_slot_wal_keep_size'];
    await during(kill(standby), async () => {
      for (const name of settings) await primary.query(`ALTER SYSTEM SET ${name} = '16MB'`);
      await primary.query('SELECT pg_reload_conf()');
      const [needed] = await primary.query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name');
      await happensWithin('the WAL that the standby needs is gone', 30_000, async () => {
        await primary.query('SELECT pg_switch_wal()');
        await primary.query('CHECKPOINT');
        return (await primary.query('SELECT FROM pg_ls_waldir() WHERE name = $1', [needed?.name])).length === 0;
      });
    });
    await standsBy(standby, 30_000);
    expect(await standby.log()).toContain('it has to be cloned anew');
    for (const name of settings) await primary.query(`ALTER SYSTEM RESET ${name}`);
    await primary.query('SELECT pg_reload_conf()');
  });
});
