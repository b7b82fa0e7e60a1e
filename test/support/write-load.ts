/** One client that writes a row after the other, and notes what goes wrong. */
import pg from 'pg';

export class WriteLoad {
  /** Commits that the server has confirmed. */
  acknowledged = 0;
  /** Milliseconds of the slowest one. */
  slowest = 0;
  /** The first error, which also ends the load; `end` throws it. */
  private problem: unknown;
  #stopping = false;
  readonly #ended: Promise<void>;

  private constructor(private readonly client: pg.Client) {
    this.#ended = this.#write();
  }

  /** Make the table `load` and begin. @param url of a server that accepts writes */
  static async begin(url: string): Promise<WriteLoad> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    await client.connect();
    try {
      await client.query('drop table if exists load');
      await client.query('create table load (entry int primary key)');
    } catch (error) {
      await client.end();
      throw error;
    }
    return new WriteLoad(client);
  }

  /** Let the last commit finish, and hang up. @returns how many rows the server has */
  async end(): Promise<number> {
    this.#stopping = true;
    try {
      await this.#ended;
      if (this.problem !== undefined) throw this.problem as Error;
      const { rows } = await this.client.query<{ written: number }>('select count(*)::int as written from load');
      return rows[0]?.written ?? 0;
    } finally {
      await this.client.end();
    }
  }

  async #write(): Promise<void> {
    this.client.on('error', (error) => (this.problem ??= error));
    try {
      while (!this.#stopping) {
        const start = performance.now();
        await this.client.query('insert into load values ($1)', [this.acknowledged + 1]);
        this.acknowledged += 1;
        this.slowest = Math.max(this.slowest, performance.now() - start);
      }
    } catch (error) {
      this.problem ??= error;
    }
  }
}
