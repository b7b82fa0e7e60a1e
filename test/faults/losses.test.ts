import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from '../../scripts/live/health.js';
import { eventually } from '../support/eventually.js';
import { WriteLoad } from '../support/write-load.js';
import { application, FaultCluster, type FaultServer } from './fault-cluster.js';
import { saveLogsOfFailed } from './saved-logs.js';
import { openScripts, type Scripts } from './scripts-on.js';
import { lose, losses, type Loss } from './verbs/losses.js';
import { verify, whole } from './verify.js';

const pace = 5;
const recovery = 60_000;

const incarnation = async (server: FaultServer) => server.exec('cat', '/var/lib/postgresql/pgraft/incarnation');
const happen = async (server: FaultServer, cluster: FaultCluster, loss: Loss) => {
  const fault = lose(cluster, server, loss);
  await fault.inject();
  await fault.heal();
};

describe('R4: in a cluster of three that is written to,', () => {
  let cluster: FaultCluster;
  let load: WriteLoad;

  beforeAll(async () => {
    cluster = await FaultCluster.form(3);
    await whole(cluster, 60_000);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, loyal: true, pace });
  });
  saveLogsOfFailed('losses', () => cluster);
  afterEach(async () => {
    expect(await verify(cluster, load, recovery)).toMatchObject({ lost: [], stale: [], stuck: undefined });
  });
  afterAll(async () => {
    await load.end();
    cluster.remove();
  });

  it.each(losses)("a standby's lost %s is mended without a hand, under another incarnation", async (loss) => {
    const [standby] = cluster.others(await cluster.primary());
    if (standby === undefined) throw new Error('there are two standbys');
    const before = await incarnation(standby);
    await happen(standby, cluster, loss);
    console.info(`${standby.name}'s ${loss} mended after ${await whole(cluster, recovery)} ms`);
    expect(await incarnation(standby)).not.toBe(before);
  });

  it.each(losses)("the primary's lost %s costs no acknowledged row", async (loss) => {
    const primary = await cluster.primary();
    const before = await incarnation(primary);
    await happen(primary, cluster, loss);
    console.info(`${primary.name}'s ${loss} mended after ${await whole(cluster, recovery)} ms`);
    expect(await incarnation(primary)).not.toBe(before);
  });
});

describe.each([1, 3])('the last resort, in a cluster of %i', (nodes) => {
  let cluster: FaultCluster;
  let scripts: Scripts;
  let load: WriteLoad | undefined;

  beforeAll(async () => {
    cluster = await FaultCluster.form(nodes);
    scripts = openScripts(cluster);
    await whole(cluster, 60_000);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, loyal: true, pace });
  });
  saveLogsOfFailed('losses', () => cluster);
  afterAll(async () => {
    await load?.end();
    scripts.close();
    cluster.remove();
  });

  /** Servers of which no majority is whole any more; the survivor has what was acknowledged, as a standby at least. */
  const lostServers = (survivor: FaultServer) => (nodes === 1 ? [survivor] : cluster.others(survivor));

  it('is refused while a server leads', async () => {
    const plan = await scripts.plan(await cluster.primary());
    expect(plan).toMatchObject({ kind: 'stop', reason: expect.stringContaining('leads') as string });
  });

  it('is named by status, refuses a server that is behind, and goes on with every row that the newest data has', async () => {
    const written = load;
    if (written === undefined) throw new Error('it was begun');
    const survivor = await cluster.primary();
    await eventually(
      'some rows',
      () => written.acknowledged,
      (count) => count > 100,
      10_000,
    );
    const lost = lostServers(survivor);
    await Promise.all(
      lost.map(async (server, index) => happen(server, cluster, index === 0 ? 'Raft directory' : 'data directory')),
    );
    const named = async () => problemsOf(await scripts.view())[0] ?? 'nothing is wrong';
    await eventually('status to name the command', named, (said) => said.includes('npm run recover'), 30_000);
    expect(await scripts.plan()).toMatchObject({ kind: 'stop', reason: expect.stringContaining('newest') as string });
    expect(await scripts.plan(survivor)).toMatchObject({ kind: 'recover' });
    // with the same data to the last byte either may be named
    for (const other of cluster.others(survivor)) {
      const plan = await scripts.plan(other);
      if (plan.kind === 'stop') expect(plan.reason).toContain('has not the newest data');
    }
    const before = (await survivor.exec('pgraft-node', 'position')).match(/^raft_term=(\d+)$/m)?.[1];
    await scripts.recover(survivor);
    expect(await verify(cluster, written, recovery)).toMatchObject({ lost: [], stale: [], stuck: undefined });
    expect((await survivor.status()).current_term).toBeGreaterThan(Number(before));
    const [event] = await survivor.query<{ event_type: string }>(
      "SELECT event_type FROM pgraft_get_events() WHERE event_type = 'recovered'",
    );
    expect(event?.event_type).toBe('recovered');
  });
});
