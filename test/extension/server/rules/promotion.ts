import { expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { docker } from '../../../support/node-container.js';
import { RecordedSession } from '../recorded-session.js';
import type { Server, ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';
import { ended, makeTable, read, removeWhatIsRead } from './readers.js';
import { successor } from './terms.js';

/** In one message, so that nothing on the way to the server takes time in between. */
const writeAtOnce = `
  BEGIN; DO $$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.001); END LOOP; END $$; COMMIT;
  INSERT INTO early DEFAULT VALUES`;

const endWriters = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE query LIKE '%INSERT INTO early%' AND pid <> pg_backend_pid()`;

/** A row at the very moment at which PostgreSQL allows one. @returns its error, or undefined */
async function write(session: RecordedSession): Promise<unknown> {
  return session.simple(writeAtOnce).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** R9: promotion waits for no reader. */
export function promotion(group: () => ServerGroup): void {
  it('R9: a server is promoted although a reader stands in the way of the WAL that it has yet to replay', async () => {
    const { primary, standbys } = await serving(group(), 30_000);
    await makeTable(primary);
    await serving(group(), 10_000);
    const readers = await Promise.all(standbys.map(read));
    for (const standby of standbys) {
      await standby.query('SELECT pg_wal_replay_pause()');
      const state = () => standby.value('SELECT pg_get_wal_replay_pause_state()');
      await eventually(`${standby.name} to pause`, state, (seen) => seen === 'paused', 10_000);
    }
    await removeWhatIsRead(primary);
    const end = await primary.value('SELECT pg_current_wal_flush_lsn()');
    for (const standby of standbys) {
      const received = () => standby.value('SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn', [end]);
      await eventually(`${standby.name} to have ${String(end)}`, received, (seen) => seen === true, 10_000);
    }

    // the promotion ends the pause, and the conflict begins
    const logged = standbys.map((standby) => standby.log().length);
    docker(['kill', primary.hostname]);
    const promoted = await successor(standbys, 20_000);
    await promoted.logs(ended, logged[standbys.indexOf(promoted)]);

    await Promise.all(readers.map((reader) => reader.end()));
    for (const standby of standbys) if (standby !== promoted) await standby.query('SELECT pg_wal_replay_resume()');
    docker(['start', primary.hostname]);
    await serving(group(), 40_000);
  });

  it('R1: a commit that comes before the promotion is recorded waits for that', async () => {
    const { primary, standbys } = await serving(group(), 30_000);
    await primary.query('CREATE TABLE early (id serial)');
    await serving(group(), 10_000);
    const sessions = await Promise.all(standbys.map(async (standby: Server) => RecordedSession.open(standby)));
    const written = sessions.map(write);
    docker(['kill', primary.hostname]);
    try {
      const promoted = await successor(standbys, 20_000);
      expect(await written[standbys.indexOf(promoted)]).toBeUndefined();
      expect(await promoted.value('SELECT count(*) FROM early')).toBe(1);
    } finally {
      for (const standby of standbys) await standby.query(endWriters);
      await Promise.all(written);
      await Promise.all(sessions.map((session) => session.end()));
      docker(['start', primary.hostname]);
      await serving(group(), 40_000);
    }
  });
}
