/** What libpq does with several hosts and target_session_attrs=read-write, for node's driver, which knows one host only. */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Endpoint } from '../../scripts/live/docker.js';

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Patience {
  /** Milliseconds until the session is open. */
  readonly connect: number;
  /** Milliseconds until a statement is answered. */
  readonly statement: number;
}

/** An open connection to one server. */
export interface Session {
  readonly client: pg.Client;
  readonly endpoint: Endpoint;
  /** As the server reported when the session began: libpq needs no query for that, either. */
  readonly inRecovery: boolean;
  /** Leave without a goodbye, for which a hung server would let us wait. */
  destroy(): void;
}

/** A message of the server's. */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** A host that has not answered by then does not keep the client from the next one, as in RFC 8305. */
const attemptDelay = 150;

/** Hosts and login of a connection URL with several hosts. */
export function readUrl(url: string): { endpoints: Endpoint[]; login: Login } {
  const parts = /^postgresql:\/\/([^:]+):([^@]+)@([^/]+)\/([^?]+)/.exec(url.trim());
  if (parts === null) throw new Error(`not a connection URL with role, password, hosts and database: ${url}`);
  const [, user = '', password = '', hosts = '', database = ''] = parts;
  const endpoints = hosts.split(',').map((host) => {
    const colon = host.lastIndexOf(':');
    return { host: host.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(host.slice(colon + 1)) };
  });
  return { endpoints, login: { user, password: decodeURIComponent(password), database } };
}

/**
 * @param signal ends the session, also while it is being opened
 * @throws pg's error, or that there was no answer in time
 */
export async function openSession(
  endpoint: Endpoint,
  login: Login,
  { patience, signal }: { patience: Patience; signal?: AbortSignal },
): Promise<Session> {
  const socket = new Socket();
  const end = () => socket.destroy();
  signal?.addEventListener('abort', end, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', end));
  const client = new pg.Client({
    ...endpoint,
    ...login,
    connectionTimeoutMillis: patience.connect,
    query_timeout: patience.statement,
    stream: () => socket,
  });
  // a connection that breaks shows in the query under way, or in the next one
  client.on('error', () => socket.destroy());
  let inRecovery = false;
  client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
    if (parameterName === 'in_hot_standby') inRecovery = parameterValue === 'on';
  });
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { client, endpoint, inRecovery, destroy: () => socket.destroy() };
}

/**
 * A session on the server that is not in recovery.
 *
 * @param first index of the endpoint to begin with
 * @throws AggregateError with what each host said when none is writable
 */
export async function connectPrimary(
  endpoints: readonly Endpoint[],
  login: Login,
  { patience, first = 0 }: { patience: Patience; first?: number },
): Promise<Session> {
  const ordered = endpoints.map((_, index) => endpoints[(first + index) % endpoints.length] as Endpoint);
  const opened: Session[] = [];
  let winner: Session | undefined;
  const tryOne = async (endpoint: Endpoint) => {
    if (winner !== undefined) throw new Error('another host was writable');
    const session = await openSession(endpoint, login, { patience });
    opened.push(session);
    if (session.inRecovery) throw new Error(`${endpoint.host}:${endpoint.port} is in recovery`);
    return session;
  };
  const attempts: Promise<Session>[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  for (const endpoint of ordered) {
    const attempt = turn.then(async () => tryOne(endpoint));
    attempts.push(attempt);
    turn = turn.then(async () => Promise.race([attempt.catch(() => undefined), sleep(attemptDelay)]));
  }
  try {
    return (winner = await Promise.any(attempts));
  } finally {
    const leaveOthers = () => {
      for (const session of opened) if (session !== winner) session.destroy();
    };
    leaveOthers();
    void Promise.allSettled(attempts).then(leaveOthers);
  }
}
