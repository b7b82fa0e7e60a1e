/**
 * Two nodes whose histories have forked: `source`, the confirmed primary, and `target`, which has rows of its own. Their PostgreSQL is
 * without pgraft; the source has a function that stands for pgraft_get_cluster_status() instead.
 */
import { eventually } from '../../support/eventually.js';
import { mustRun } from '../../support/shell.js';
import { docker, image, NodeContainer } from './node-container.js';

export const dataDir = '/var/lib/postgresql/17/main';
const rejoinFile = 'pgraft/rejoin';
const passfile = '/var/lib/postgresql/cluster/replication.pgpass';
const plain = "shared_preload_libraries = ''\nshared_buffers = '32MB'";

export const source = new NodeContainer('source', 2, { settings: plain });
export const target = new NodeContainer('target', 1, { settings: plain });

let rows = 0;

/** Write a row that no standby confirms; says what it wrote. */
function insert(node: NodeContainer): string {
  rows += 1;
  const row = `${node.name}${rows}`;
  node.sql(`SET synchronous_commit = local; INSERT INTO t VALUES ('${row}')`);
  return row;
}

function promote(node: NodeContainer, ...chain: readonly string[]): void {
  node.sql('SELECT pg_promote()');
  node.exec(['sh', '-c', `cat >${dataDir}/pgraft.chain`], `${chain.join('\n')}\n`);
}

export async function setUpSource(): Promise<void> {
  source.create();
  await source.reaches({ phase: 'waiting' });
  source.configure();
  source.exec(['pgraft-node', 'initialize']);
  await source.reaches({ phase: 'running' });
  promote(source, '2 1 0/0 1 2');
  source.sql('SET synchronous_commit = local; DROP EXTENSION pgraft; CREATE TABLE t (row text)');
  answerAs({});
}

/** What the source says about itself. */
export function answerAs({ term = 1, writable = true }): void {
  source.sql(`SET synchronous_commit = local;
    CREATE OR REPLACE FUNCTION pgraft_get_cluster_status(OUT node_id int, OUT role text, OUT writable boolean,
      OUT promotion_term bigint, OUT promotion_node_id int, OUT current_term bigint)
    LANGUAGE sql AS $$ SELECT 2, 'primary', ${writable}, ${term}, 2, ${term} $$`);
}

/** A target of its own for each test, on a timeline that begins where it was cloned, or has streamed to `meanwhile`. */
export async function fork(meanwhile?: () => Promise<void>): Promise<{ readonly lost: string; readonly kept: string }> {
  target.create();
  await target.reaches({ phase: 'waiting' });
  target.configure();
  target.exec(['pgraft-node', 'clone', source.hostname, '5432']);
  await target.reaches({ phase: 'running' });
  if (meanwhile !== undefined) await stream(meanwhile);
  promote(target, '2 1 0/0 1 2', '3 7 0/0 2 1');
  // the source's own timeline goes on from 2: the target's 3 is the fork
  return { lost: insert(target), kept: insert(source) };
}

/** The target follows the source until it has all that the source wrote meanwhile. */
async function stream(meanwhile: () => Promise<void>): Promise<void> {
  const follow = (conninfo: string) => {
    target.sql(`ALTER SYSTEM SET primary_conninfo = '${conninfo}'`);
    target.sql('SELECT pg_reload_conf()');
  };
  follow(`host=${source.hostname} user=pgraft_replication passfile=${passfile}`);
  await meanwhile();
  const end = source.sql('SELECT pg_current_wal_flush_lsn()');
  await eventually(
    `the target to replay ${end}`,
    () => target.sql(`SELECT pg_last_wal_replay_lsn() >= '${end}'`),
    (replayed) => replayed === 't',
    30_000,
  );
  follow('');
}

/** A checkpoint of the source that takes its time: its record is segments of WAL behind where replay would begin. */
export async function longCheckpoint(): Promise<void> {
  source.sql('SET synchronous_commit = local; CREATE TABLE pages AS SELECT generate_series(1, 5000)');
  const ended = mustRun('docker', [
    ...['exec', source.hostname, 'psql', '-XAtq', '-U', 'postgres'],
    ...['-c', "SELECT pg_backup_start('spread')", '-c', 'SELECT lsn FROM pg_backup_stop(false)'],
  ]);
  const begun = `SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'checkpointer' AND wait_event = 'CheckpointWriteDelay'`;
  await eventually(
    'the checkpoint to begin',
    () => source.sql(begun),
    (count) => count === '1',
    30_000,
  );
  for (let segment = 0; segment < 3; segment += 1) {
    insert(source);
    source.sql('SELECT pg_switch_wal()');
  }
  await ended;
}

/** How much WAL the source keeps beyond what it needs itself. */
export function keepWal(size: string): void {
  source.sql(`ALTER SYSTEM SET wal_keep_size = '${size}'`);
  source.sql('SELECT pg_reload_conf()');
}

/** What the role worker would write. */
export function request(how: 'rewind' | 'clone', more: Readonly<Record<string, string | number>> = {}): void {
  const wanted = {
    how,
    state: 'requested',
    data: 'whole',
    node: 2,
    host: source.hostname,
    port: 5432,
    term: 1,
    until: '0/1',
    end: '0/1',
  };
  const lines = Object.entries({ ...wanted, ...more }).map(([key, value]) => `${key} ${value}\n`);
  target.exec(['sh', '-c', `cat >${rejoinFile} && sync`], lines.join(''));
}

/** What pgraft/rejoin says, `none` when it is gone. */
export const rejoinSays = (key: string): string =>
  target.exec(['sh', '-c', `sed -n 's/^${key} //p' ${rejoinFile} 2>/dev/null || echo none`]).trim();

const postmaster = () => target.exec(['head', '-n1', `${dataDir}/postmaster.pid`]).trim();

/** End PostgreSQL, and wait until the entry point says `then`. */
export async function stopPostmaster(signal: 'INT' | 'KILL', then = 'PostgreSQL was stopped'): Promise<void> {
  const logged = target.log().length;
  target.exec(['kill', `-${signal}`, postmaster()]);
  await target.logs(then, logged, 30_000);
}

/** Change the stopped target's volume. */
export function whileAway(change: string): void {
  docker(['kill', target.hostname]);
  const volume = `${target.volume}:/var/lib/postgresql`;
  docker(['run', '--rm', '--volume', volume, '--entrypoint', 'sh', image, '-ec', `${change}; sync`]);
}

/** Start it again; from then on its state is that of this run. */
export async function start(): Promise<void> {
  const logged = target.log().length;
  docker(['start', target.hostname]);
  await target.logs('node target (1) starts', logged, 30_000);
}

export const rowsOf = (node: NodeContainer): string => node.sql("SELECT string_agg(row, ' ' ORDER BY row) FROM t");

/** Files and their sums. */
export const sums = () =>
  target.exec(['sh', '-c', `find ${dataDir} -type f ! -name postmaster.pid -exec sha256sum {} + | sort`]);

/** As the role worker does: what the source has written since the copy is missing, and without it the target is not consistent. */
async function followWhenStarted(): Promise<void> {
  const conninfo = `host=${source.hostname} user=pgraft_replication passfile=${passfile}`;
  await eventually(
    'the rejoined target to be started',
    () => rejoinSays('state') === 'done' && target.attempt(['test', '-s', `${dataDir}/postmaster.pid`]).status === 0,
    (started) => started,
    30_000,
  );
  target.exec(['sh', '-c', 'cat >>pgraft/role.conf'], `primary_conninfo = '${conninfo}'\n`);
  target.exec(['kill', '-HUP', postmaster()]);
}

/** It runs as a standby with the source's rows, the old position stays, and nothing is left over. */
export async function expectRejoined(incarnation: string): Promise<void> {
  await followWhenStarted();
  await target.reaches({ phase: 'running', incarnation: 'match' }, 30_000);
  const seen = {
    recovery: target.sql('SELECT pg_is_in_recovery()'),
    rows: rowsOf(target),
    incarnation: target.exec(['cat', `${dataDir}/pgraft.incarnation`]),
    state: rejoinSays('state'),
    left: target.exec(['ls', '/var/lib/postgresql/17']).trim(),
  };
  const wanted = { recovery: 't', rows: rowsOf(source), incarnation, state: 'done', left: 'main' };
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
    throw new Error(
      `the target is ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}:\n${target.log().slice(-3_000)}`,
    );
  }
}
