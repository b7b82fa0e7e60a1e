/** Queries on standbys that replay cannot get past. */
import { RecordedSession } from '../recorded-session.js';
import type { Server } from '../server-group.js';

const table = 'being_read';

/** What a server logs when it ends a reader. */
export const ended = 'due to conflict with recovery';

/** A table that nobody has read or changed yet. */
export async function makeTable(primary: Server): Promise<void> {
  await primary.query(`DROP TABLE IF EXISTS ${table}`);
  await primary.query(
    `CREATE TABLE ${table} WITH (autovacuum_enabled = off) AS SELECT g FROM generate_series(1, 100) AS g`,
  );
}

/** A session with a snapshot from before `removeWhatIsRead()`. */
export async function read(standby: Server): Promise<RecordedSession> {
  const reader = await RecordedSession.open(standby);
  await reader.simple('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await reader.simple(`SELECT count(*) FROM ${table}`);
  return reader;
}

/** Replay of this waits for every reader, for ever: max_standby_streaming_delay is -1. */
export async function removeWhatIsRead(primary: Server): Promise<void> {
  await primary.query(`DELETE FROM ${table}`);
  await primary.query(`VACUUM ${table}`);
}
