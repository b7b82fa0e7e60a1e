/** SQL over the published ports, with a deadline on everything. */
import { Socket } from 'node:net';
import pg from 'pg';
import { within } from '../kit/clock.js';
import type { Endpoint } from './docker.js';

export interface SqlRow {
  readonly [column: string]: unknown;
}

export interface Sql {
  /**
   * Run one statement on a server as its superuser.
   *
   * @param deadline milliseconds for connecting and the statement together
   * @throws Error with PostgreSQL's, or the connection's, message
   */
  query(
    endpoint: Endpoint,
    text: string,
    options: { values?: readonly unknown[]; deadline: number },
  ): Promise<SqlRow[]>;
  /** End every connection. */
  close(): void;
}

interface Session {
  readonly client: pg.Client;
  readonly socket: Socket;
}

/**
 * One connection a server, kept while it works: a wait looks many times a second, and each new connection costs the
 * server a process and a SCRAM exchange.
 *
 * @param password the superuser's
 */
export function openSql(password: string, { database = 'postgres' }: { database?: string } = {}): Sql {
  const sessions = new Map<string, Promise<Session>>();
  const drop = (key: string, session: Promise<Session>) => {
    if (sessions.get(key) === session) sessions.delete(key);
    session.then(
      ({ socket }) => socket.destroy(),
      () => undefined,
    );
  };
  // one that its server has ended meanwhile says nothing about the server
  const keep = (key: string, session: Promise<Session>) => {
    sessions.set(key, session);
    session.then(
      ({ socket }) => {
        socket.once('close', () => {
          drop(key, session);
        });
      },
      () => undefined,
    );
  };
  return {
    async query(endpoint, text, { values = [], deadline }) {
      const key = `${endpoint.host}:${endpoint.port}`;
      const session = sessions.get(key) ?? open(endpoint, { password, database, deadline });
      if (!sessions.has(key)) keep(key, session);
      try {
        const work = session.then(async ({ client }) => client.query<SqlRow>(text, [...values]));
        return (await within(deadline, 'PostgreSQL', work)).rows;
      } catch (error) {
        // an error of the statement leaves a good connection, but telling the two apart is not worth it
        drop(key, session);
        throw error;
      }
    },
    close() {
      for (const [key, session] of [...sessions]) drop(key, session);
    },
  };
}

async function open(
  { host, port }: Endpoint,
  { password, database, deadline }: { password: string; database: string; deadline: number },
): Promise<Session> {
  // our own socket, so that a server that no longer answers is left without saying goodbye
  const socket = new Socket();
  const client = new pg.Client({
    host,
    port,
    user: 'postgres',
    database,
    password,
    application_name: 'pgraft-cluster scripts',
    connectionTimeoutMillis: deadline,
    stream: () => socket,
  });
  // a connection that breaks between two queries is noticed by the next query, which then drops it
  client.on('error', () => socket.destroy());
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { client, socket };
}
