/** Readers on every standby that replay cannot get past, as a report or a dump is one (safety.md R9). */
import { eventually } from '../../test/support/eventually.js';
import { openSession, type Session } from '../../test/support/primary-connection.js';
import { application } from '../../test/faults/fault-cluster.js';
import { others, type Site, type SiteServer } from './site.js';

const patience = { connect: 5_000, statement: 120_000 };
const deadline = 10_000;

const makeTables = `
  DROP TABLE IF EXISTS being_read, being_locked;
  CREATE TABLE being_read WITH (autovacuum_enabled = off) AS SELECT g FROM generate_series(1, 100) AS g;
  CREATE TABLE being_locked (g int)`;

/**
 * A query with a snapshot and one with a lock on each standby; and on the primary, what both are in the way of. Writes go on, since a
 * commit waits for what the standbys have written, not for what they have replayed.
 *
 * @returns what ends the sessions
 */
export async function conflictingReaders(site: Site, primary: SiteServer): Promise<() => void> {
  await asApplication(primary, makeTables);
  const standbys = others(site, primary);
  const opened: Session[] = [];
  const end = () => {
    for (const session of opened) session.destroy();
  };
  try {
    for (const standby of standbys) {
      await hasTables(standby);
      for (const table of ['being_read', 'being_locked']) opened.push(await read(standby, table));
    }
    await asApplication(primary, 'DELETE FROM being_read');
    await asApplication(primary, 'VACUUM being_read');
    await asApplication(primary, 'TRUNCATE being_locked');
    await Promise.all(standbys.map(isHeldUp));
    return end;
  } catch (error) {
    end();
    throw error;
  }
}

async function asApplication(server: SiteServer, text: string): Promise<void> {
  await server.query(text, [], application);
}

/** A query that goes on, in a transaction that has read the table. */
async function read(standby: SiteServer, table: string): Promise<Session> {
  const session = await openSession(standby.endpoint, application, { patience });
  await session.client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await session.client.query(`SELECT count(*) FROM ${table}`);
  // it is ended by the server, or by the end of the session
  void session.client.query('SELECT pg_sleep(100)').catch(() => undefined);
  return session;
}

async function hasTables(standby: SiteServer): Promise<void> {
  const look = async () =>
    (
      await standby
        .query<{ there: boolean }>(
          "SELECT to_regclass('being_locked') IS NOT NULL AND (SELECT count(*) FROM being_read) = 100 AS there",
          [],
          application,
        )
        .catch(() => [])
    )[0]?.there;
  await eventually(`${standby.name} to have the tables`, look, (there) => there === true, deadline);
}

/** Replay has come to the conflict, and stays there. */
async function isHeldUp(standby: SiteServer): Promise<void> {
  const look = async () =>
    (
      await standby.query<{ waits: string | null }>(
        "SELECT wait_event AS waits FROM pg_stat_activity WHERE backend_type = 'startup'",
      )
    )[0]?.waits;
  const conflicts = ['RecoveryConflictSnapshot', 'relation'];
  await eventually(
    `${standby.name} to wait for its readers`,
    look,
    (waits) => conflicts.includes(waits ?? ''),
    deadline,
  );
}
