/** Clients that write a row after the other, and note what was acknowledged and what went wrong. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../scripts/kit/errors.js';
import type { Endpoint } from '../../scripts/live/docker.js';
import { connectPrimary, openSession, type Login, type Patience, type Session } from './primary-connection.js';
import { isAcknowledged, type Acknowledged, type Write } from './write-record.js';

export interface WriteLoadOptions {
  readonly endpoints: readonly Endpoint[];
  readonly login: Login;
  /** Clients that look for the primary again after each error. @default 4 */
  readonly clients?: number;
  /** One client a server more that never leaves it, so that a deposed primary is asked to commit too. @default false */
  readonly loyal?: boolean;
  /** Of the clients that look for the primary, in milliseconds. @default 2000 for each */
  readonly patience?: Patience;
  /** Milliseconds from one row of a client to its next, at least. @default 0, as fast as the server answers */
  readonly pace?: number;
  /**
   * Statement that writes row $1 of client $2, sent at $3, and returns `server`, `promotion` and `started` as float8.
   *
   * @default - of pgraft's servers
   */
  readonly insert?: string;
}

const loyalPace = 100;
const retryPace = 20;
/** Longer than any fault lasts, so that a session opened before it is still there afterwards. */
const loyalPatience: Patience = { connect: 15_000, statement: 15_000 };

const pgraftInsert = `
  INSERT INTO writes (id, client, sent_at, promotion_term, server)
  SELECT $1, $2, $3, promotion_term, node_id FROM pgraft_get_cluster_status()
  RETURNING server::float8, coalesce(promotion_term, 0)::float8 AS promotion,
            extract(epoch FROM pg_postmaster_start_time())::float8 AS started`;

interface Answer {
  readonly server: number;
  readonly promotion: number;
  readonly started: number;
}

export class WriteLoad {
  /** Everything that was sent, id by id from 1. */
  readonly writes: Write[] = [];
  /** Milliseconds of the slowest acknowledged one. */
  slowest = 0;
  /** How many acknowledgements there were. */
  acknowledged = 0;
  /** Errors of the clients that look for the primary: how often each came. */
  readonly failures = new Map<string, number>();
  /** Servers that clients do not go to for the moment. */
  readonly #drained = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<unknown>;
  /** While clients rest: what they wait for. */
  #rest: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  private constructor(private readonly options: Required<WriteLoadOptions>) {
    const { clients, loyal, endpoints } = options;
    // every session and every pause listens
    setMaxListeners(0, this.#stopping.signal);
    const roaming = Array.from({ length: clients }, async (_, index) => this.#roam(index + 1));
    const staying = loyal ? endpoints.map(async (endpoint, index) => this.#stay(endpoint, 101 + index)) : [];
    this.#ended = Promise.all([...roaming, ...staying]);
  }

  /** Make the table `writes` anew on the primary, and begin. */
  static async begin(options: WriteLoadOptions): Promise<WriteLoad> {
    const patience = options.patience ?? { connect: 2_000, statement: 2_000 };
    const session = await connectPrimary(options.endpoints, options.login, { patience });
    try {
      await session.client.query('DROP TABLE IF EXISTS writes');
      // no key: a row that is there twice must be seen, not refused
      await session.client.query(
        'CREATE TABLE writes (id bigint, client int, sent_at float8, promotion_term bigint, server int)',
      );
    } finally {
      session.destroy();
    }
    return new WriteLoad({ clients: 4, loyal: false, pace: 0, insert: pgraftInsert, ...options, patience });
  }

  /** As when a server is taken out of a connection pooler: clients leave it after what is under way, and do not come back. */
  drain(endpoint: Endpoint): void {
    this.#drained.add(nameOf(endpoint));
  }

  /** Clients may go there again. */
  admit(endpoint: Endpoint): void {
    this.#drained.delete(nameOf(endpoint));
  }

  /** Clients stay connected and send nothing more, until `resume`. */
  rest(): void {
    if (this.#rest !== undefined) return;
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#rest = { over, end };
  }

  resume(): void {
    this.#rest?.end();
    this.#rest = undefined;
  }

  /** Let what is under way be answered, or not, and hang up. */
  async end(): Promise<void> {
    this.#stopping.abort();
    this.resume();
    await this.#ended;
  }

  /** The writes acknowledged until now. */
  acknowledgedWrites(): Acknowledged[] {
    return this.writes.filter(isAcknowledged);
  }

  /** As the documented connection string makes clients do it. */
  async #roam(client: number): Promise<void> {
    const { endpoints, login, patience, pace } = this.options;
    let first = client;
    let session: Session | undefined;
    while (await this.#goesOn()) {
      const begun = performance.now();
      try {
        session = this.#stays(session);
        const offered = endpoints.filter((endpoint) => !this.#drained.has(nameOf(endpoint)));
        session ??= await connectPrimary(offered, login, { patience, first });
        await this.#write(session, client);
        await this.#pause(pace - (performance.now() - begun));
      } catch (error) {
        this.#note(error);
        session?.destroy();
        session = undefined;
        first += 1;
        await this.#pause(retryPace);
      }
    }
    session?.destroy();
  }

  async #goesOn(): Promise<boolean> {
    await this.#rest?.over;
    return !this.#stopping.signal.aborted;
  }

  /** The session, unless its server is drained. */
  #stays(session: Session | undefined): Session | undefined {
    if (session === undefined || !this.#drained.has(nameOf(session.endpoint))) return session;
    session.destroy();
    return undefined;
  }

  /** Whatever the server says, the same server is asked again, over the same session while that one lasts. */
  async #stay(endpoint: Endpoint, client: number): Promise<void> {
    const { signal } = this.#stopping;
    let session: Session | undefined;
    while (!signal.aborted) {
      try {
        session ??= await openSession(endpoint, this.options.login, { patience: loyalPatience, signal });
        const { rows } = await session.client.query<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery');
        // a standby would only fill its log with refusals
        if (rows[0]?.recovery === false) await this.#write(session, client);
      } catch (error) {
        if (!isFromServer(error)) {
          session?.destroy();
          session = undefined;
        }
      }
      await this.#pause(loyalPace);
    }
    session?.destroy();
  }

  async #write({ client: connection }: Session, client: number): Promise<void> {
    const write: Write = { id: this.writes.length + 1, client, sent: performance.now() };
    this.writes.push(write);
    const { rows } = await connection.query<Answer>(this.options.insert, [write.id, client, write.sent]);
    // the driver resolves at ReadyForQuery, which is what "acknowledged" means
    write.acknowledged = performance.now();
    write.server = rows[0]?.server ?? 0;
    write.promotion = rows[0]?.promotion ?? 0;
    write.started = rows[0]?.started ?? 0;
    this.acknowledged += 1;
    this.slowest = Math.max(this.slowest, write.acknowledged - write.sent);
  }

  #note(error: unknown): void {
    const message = error instanceof AggregateError ? 'no host is writable' : messageOf(error);
    this.failures.set(message, (this.failures.get(message) ?? 0) + 1);
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0)
      await sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function nameOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}

/** An error that PostgreSQL reported, after which the session may go on. */
function isFromServer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR';
}
