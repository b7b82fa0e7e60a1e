/** One statement in a connection of its own. */
import pg from 'pg';
import type { Endpoint } from '../../scripts/live/docker.js';
import type { Login } from './primary-connection.js';

const connectDeadline = 5_000;

/** @param deadline milliseconds for the statement @throws pg's error, with `code` */
export async function queryOnce<Row extends pg.QueryResultRow>(
  endpoint: Endpoint,
  login: Login,
  text: string,
  values: readonly unknown[],
  deadline: number,
): Promise<Row[]> {
  const deadlines = { connectionTimeoutMillis: connectDeadline, query_timeout: deadline };
  const client = new pg.Client({ ...endpoint, ...login, ...deadlines });
  // the query that runs hears of it too
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    // a hung server would let us wait for its goodbye
    void client.end().catch(() => undefined);
  }
}
