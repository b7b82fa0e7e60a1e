/** Whether each server has every row that was acknowledged. */
import type pg from 'pg';
import { eventually } from './eventually.js';
import type { Login } from './primary-connection.js';
import type { WriteLoad } from './write-load.js';
import { findDuplicated, findInvented, findLost, rangesQuery, type Acknowledged, type Range } from './write-record.js';

/** A server that is asked in SQL. */
export interface Asked {
  readonly name: string;
  /** As superuser unless told otherwise. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[], login?: Login): Promise<Row[]>;
}

export async function everyStandbyReplayed(
  primary: Asked,
  standbys: readonly Asked[],
  deadline: number,
): Promise<void> {
  const [flushed] = await primary.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  const replayed = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done, pg_last_wal_replay_lsn()::text AS lsn';
  await Promise.all(
    standbys.map(async (standby) =>
      eventually(
        `${standby.name} to replay ${flushed?.lsn ?? ''}`,
        async () => (await standby.query<{ done: boolean; lsn: string }>(replayed, [flushed?.lsn]))[0],
        (row) => row?.done === true,
        deadline,
      ),
    ),
  );
}

/** What `server` lacks of the acknowledged rows, or has too often, or nobody sent; a sentence each. @param login of the load */
export async function missingOn(
  server: Asked,
  acknowledged: readonly Acknowledged[],
  load: WriteLoad,
  login: Login,
): Promise<string[]> {
  const present = await server.query<Range & Record<string, unknown>>(rangesQuery, [], login);
  const wrong = [
    ...findLost(acknowledged, present).map(
      ({ id, server: node, promotion }) => `misses row ${id}, acknowledged by node ${node} in term ${promotion}`,
    ),
    ...findDuplicated(present).map(({ first, last, rows }) => `has ${rows} rows for ids ${first} to ${last}`),
    ...findInvented(present, load.writes.length).map(({ first, last }) => `has unsent rows in ${first} to ${last}`),
  ];
  return wrong.map((sentence) => `${server.name} ${sentence}`);
}
