/** A cluster of three that is written to, of which one standby's files are spoilt, row by row. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { statusPage } from '../../../scripts/live/status-page.js';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/shell.js';
import { WriteLoad } from '../../support/write-load.js';
import { longestGap } from '../../support/write-record.js';
import { application, FaultCluster, type FaultServer } from '../fault-cluster.js';
import { saveLogsOfFailed } from '../saved-logs.js';
import { openScripts, type Scripts } from '../scripts-on.js';
import { verify, whole } from '../verify.js';
import type { Damage, Ending, Needs } from './damage.js';
import { damageFunctions } from './scripts.js';

const pace = 20;
const deadline = 60_000;
/** Milliseconds without an acknowledged row: the other standby confirms them. */
const longestPause = 5_000;
const volume = '/var/lib/postgresql';
/** So that a few changes make a snapshot of the Raft log. */
const settings = ["shared_buffers = '32MB'", 'pgraft.snapshot_threshold = 64', 'pgraft.trailing_entries = 16'].join(
  '\n',
);
const readAll = 'SELECT count(*) FROM kept';

/** Tests for these rows, in a cluster that they share. */
export function playDamages(damages: readonly Damage[]): void {
  let cluster: FaultCluster;
  let scripts: Scripts;
  let load: WriteLoad;
  let relation: string;

  beforeAll(async () => {
    cluster = await FaultCluster.form(3, { settings });
    scripts = openScripts(cluster);
    await whole(cluster, deadline);
    relation = await makeTable(await cluster.primary());
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, pace });
  });
  saveLogsOfFailed('damage', () => cluster);
  // whatever a row has left, the next one begins with a server that runs
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await docker('start', ...cluster.names);
    await whole(cluster, deadline);
  });
  afterAll(async () => {
    await load.end();
    scripts.close();
    cluster.remove();
  });

  it.each(damages)('$file, $damage', async ({ file, damage, script, ending, needs, handedOver, reads }) => {
    const primary = await cluster.primary();
    const [server] = cluster.others(primary);
    if (server === undefined) throw new Error('there are two standbys');
    await has(cluster, server, needs);
    const seen = openSight(scripts, server);
    const before = await incarnation(server);
    await docker('kill', server.container);
    await server.onVolume(`${damageFunctions}\nRELATION=${relation}\n${script}`);
    const [starts, logged] = [await restarts(server), (await server.log()).length];
    const begun = performance.now();
    await docker('start', server.container);
    if (reads !== undefined) await cannotRead(server, reads);
    await seen.until(ending.kind === 'told' ? ending : undefined);
    if (isCopied(ending)) await server.exec('pgraft-node', 'copy-anew');
    expect(await isConfigured(server), 'it has all that was handed over').toBe(handedOver !== true);
    if (handedOver === true) await handOver(cluster, server);
    if (ending.kind === 'anew' || isCopied(ending)) await begunAnew(server, before, seen.look);
    const { lost, stale, stuck, took } = await verify(cluster, load, deadline);
    expect({ lost, stale, stuck }).toEqual({ lost: [], stale: [], stuck: undefined });
    await seen.untilHealthy();
    expect(await restarts(server), 'restarts of its container').toBe(starts);
    if (ending.kind === 'anew') expect((await server.log()).slice(logged)).toMatch(ending.why);
    else if (!isCopied(ending)) expect(await incarnation(server), 'its incarnation').toBe(before);
    const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
    expect(gap, 'milliseconds without an acknowledged row').toBeLessThan(longestPause);
    console.info(`${file}, ${damage}: whole again after ${took} ms. ${seen.told()}`);
  });
}

/** What `npm run status` says of one server, each sentence once. */
function openSight(scripts: Scripts, { container }: FaultServer) {
  const sentences = new Set<string>();
  const look = async () => {
    const lines = statusPage(await scripts.view()).split('\n');
    const about = lines.filter((line) => line.startsWith(`- ${container}: `));
    for (const line of about) sentences.add(line.slice(`- ${container}: `.length));
    return lines.filter((line) => line.startsWith('Cluster') || about.includes(line)).join('\n');
  };
  return {
    look,
    told: () => [...sentences].join(' | '),
    /** Until it names cause and command; without them, just one look. */
    until: async (ending: { says: string; mend: string } | undefined) => {
      const says = (page: string) => ending === undefined || (page.includes(ending.says) && page.includes(ending.mend));
      await eventually(`status to name ${ending?.says ?? 'nothing'}`, look, says, deadline);
    },
    untilHealthy: async () => {
      await eventually('status to say that all is well', look, (page) => page.includes('is healthy'), deadline);
    },
  };
}

async function makeTable(primary: FaultServer): Promise<string> {
  const make = 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id';
  await primary.query(make, [], application);
  // not a row that the load writes: a page that is changed is written whole, which mends it
  const [row] = await primary.query<{ path: string }>("SELECT pg_relation_filepath('kept') AS path", [], application);
  if (row === undefined) throw new Error('pg_relation_filepath() has no row');
  await primary.query('VACUUM (FREEZE) kept', [], application);
  await primary.query('CHECKPOINT');
  return row.path;
}

async function incarnation(server: FaultServer): Promise<string> {
  return server.exec('cat', `${volume}/pgraft/incarnation`);
}

async function begunAnew(server: FaultServer, before: string, glance: () => Promise<string>): Promise<void> {
  const look = async () => {
    await glance();
    return incarnation(server).catch(() => before);
  };
  await eventually('another incarnation', look, (seen) => seen !== before, deadline);
}

async function restarts({ container }: FaultServer): Promise<string> {
  return docker('inspect', '--format', '{{.RestartCount}}', container);
}

/** Its copy has the cluster's data, but not its identity. */
function isCopied(ending: Ending): boolean {
  return ending.kind === 'told' && ending.mend === 'pgraft-node copy-anew';
}

/** As `npm start` does with a server that says so. */
async function handOver(cluster: FaultCluster, server: FaultServer): Promise<void> {
  await cluster.configure(server);
  await server.exec('bash', '-c', 'pgraft-node settings </dev/null');
}

async function isConfigured(server: FaultServer): Promise<boolean> {
  return (await server.exec('pgraft-node', 'state')).includes('configured=yes');
}

async function cannotRead(server: FaultServer, why: RegExp): Promise<void> {
  const look = async () => server.query(readAll, [], application).then(() => 'it can be read', String);
  await eventually(`a query to fail with ${why.source}`, look, (said) => why.test(said), deadline);
}

async function has(cluster: FaultCluster, server: FaultServer, needs: Needs | undefined): Promise<void> {
  if (needs === undefined) return;
  if (needs === 'a snapshot') return hasSnapshot(cluster, server);
  if (needs === 'a restartpoint of its timeline') return hasRestartpoint(await cluster.primary(), server);
  // an open segment is closed at the next start
  await docker('restart', server.container);
  await whole(cluster, deadline);
}

/** Without its history file it could not begin at one of the timeline before. */
async function hasRestartpoint(primary: FaultServer, server: FaultServer): Promise<void> {
  const timelineOf = async (one: FaultServer) => {
    await one.query('CHECKPOINT');
    const [row] = await one.query<{ timeline_id: number }>('SELECT timeline_id FROM pg_control_checkpoint()');
    return row?.timeline_id;
  };
  const newest = await timelineOf(primary);
  const isNewest = (seen: number | undefined) => seen === newest;
  await eventually('a restartpoint of the newest timeline', async () => timelineOf(server), isNewest, deadline);
}

/** Settings are entries of the Raft log. */
async function hasSnapshot(cluster: FaultCluster, server: FaultServer): Promise<void> {
  const look = async () => {
    const primary = await cluster.primary();
    for (let time = 1; time <= 20; time += 1) {
      await primary.query("SELECT pgraft_set_config('cluster_name', $1)", [`time ${time}`]);
    }
    return server.exec('ls', `${volume}/pgraft/raft`);
  };
  await eventually('a snapshot', look, (files) => /^snapshot-.*[0-9]$/m.test(files), deadline);
}
