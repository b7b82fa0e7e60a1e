/** A client's session that notes every message of the server as it comes off the wire, whatever the driver makes of it. */
import { Socket } from 'node:net';
import pg from 'pg';
import { secrets } from '../../support/node-container.js';
import type { Server } from './server-group.js';

const headerSize = 5;
const connectDeadline = 5_000;

export class RecordedSession {
  private unread = Buffer.alloc(0);
  private types = '';

  private constructor(
    private readonly client: pg.Client,
    socket: Socket,
    readonly pid: number,
  ) {
    socket.on('data', (bytes) => {
      this.note(bytes);
    });
  }

  static async open(server: Server): Promise<RecordedSession> {
    const socket = new Socket();
    const client = new pg.Client({
      host: '127.0.0.1',
      port: server.ports.postgres,
      database: 'postgres',
      user: 'postgres',
      password: secrets.superuser_password,
      connectionTimeoutMillis: connectDeadline,
      stream: () => socket,
    });
    client.on('error', () => undefined); // the statement that runs hears of it too
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new RecordedSession(client, socket, rows[0]?.pid ?? 0);
  }

  /**
   * The types of the messages that have come, one letter each: C CommandComplete, E ErrorResponse, N NoticeResponse, Z ReadyForQuery,
   * 1 ParseComplete, 2 BindComplete, n NoData. From the last `forget()` on.
   */
  get received(): string {
    return this.types;
  }

  forget(): void {
    this.types = '';
  }

  async simple(text: string): Promise<pg.QueryResult> {
    return this.client.query(text);
  }

  async extended(text: string): Promise<pg.QueryResult> {
    const query: pg.QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' };
    return this.client.query(query);
  }

  async end(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }

  /** Messages are a type, a length of four bytes that counts itself, and a body; they may come in any pieces. */
  private note(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes]);
    while (this.unread.length >= headerSize) {
      const size = 1 + this.unread.readUInt32BE(1);
      if (this.unread.length < size) return;
      this.types += String.fromCharCode(this.unread.readUInt8(0));
      this.unread = this.unread.subarray(size);
    }
  }
}
