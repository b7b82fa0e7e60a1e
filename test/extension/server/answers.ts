import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RecordedSession } from './recorded-session.js';
import type { ServerGroup } from './server-group.js';
import { serving, type Serving } from './serving.js';
import { confirmationAwaited, StoppedReceivers } from './stopped-receivers.js';

interface Commit {
  readonly what: string;
  readonly protocol: 'simple' | 'extended';
  /** In the same session, while the standbys confirm. */
  readonly before?: readonly string[];
  readonly statement: string;
  /** What comes when it is confirmed. */
  readonly answer: string;
}

const insert = 'INSERT INTO answers DEFAULT VALUES';
const simple = 'CZ';
const extended = '12nCZ';

/** Every way to commit something. `gid` makes the names of prepared transactions differ from one test to the next. */
function commits(gid: string): readonly Commit[] {
  const prepared = (name: string) => [`BEGIN; ${insert}; PREPARE TRANSACTION '${gid}-${name}'`];
  const quiet = ['SET log_min_messages = panic; SET client_min_messages = error'];
  return [
    { what: 'INSERT', protocol: 'simple', statement: insert, answer: simple },
    { what: 'INSERT', protocol: 'extended', statement: insert, answer: extended },
    { what: 'INSERT, messages off', protocol: 'extended', before: quiet, statement: insert, answer: extended },
    { what: 'COMMIT', protocol: 'simple', before: ['BEGIN', insert], statement: 'COMMIT', answer: simple },
    { what: 'COMMIT', protocol: 'extended', before: ['BEGIN', insert], statement: 'COMMIT', answer: extended },
    {
      ...{ what: 'PREPARE TRANSACTION', protocol: 'simple', before: ['BEGIN', insert] },
      ...{ statement: `PREPARE TRANSACTION '${gid}-prepare'`, answer: simple },
    },
    {
      ...{ what: 'PREPARE TRANSACTION', protocol: 'extended', before: ['BEGIN', insert] },
      ...{ statement: `PREPARE TRANSACTION '${gid}-prepare-extended'`, answer: extended },
    },
    {
      ...{ what: 'COMMIT PREPARED', protocol: 'simple', before: prepared('simple') },
      ...{ statement: `COMMIT PREPARED '${gid}-simple'`, answer: simple },
    },
    {
      ...{ what: 'COMMIT PREPARED', protocol: 'extended', before: prepared('extended') },
      ...{ statement: `COMMIT PREPARED '${gid}-extended'`, answer: extended },
    },
    {
      ...{ what: 'ROLLBACK PREPARED', protocol: 'extended', before: prepared('rollback') },
      ...{ statement: `ROLLBACK PREPARED '${gid}-rollback'`, answer: extended },
    },
    { what: 'CALL that commits inside', protocol: 'simple', statement: 'CALL commit_inside()', answer: simple },
    { what: 'CALL that commits inside', protocol: 'extended', statement: 'CALL commit_inside()', answer: extended },
    {
      ...{ what: 'DO that commits inside', protocol: 'simple' },
      ...{ statement: `DO $$ BEGIN ${insert}; COMMIT; ${insert}; END $$`, answer: simple },
    },
    { what: 'two statements', protocol: 'simple', statement: `${insert}; SELECT 1`, answer: 'CTDCZ' },
  ];
}

interface Running {
  readonly commit: Commit;
  readonly session: RecordedSession;
  /** undefined when the statement was answered. */
  readonly outcome: Promise<Error | undefined>;
}

/** R16: nothing unconfirmed is reported as done. */
export function answers(group: () => ServerGroup): void {
  let now: Serving;
  let receivers: StoppedReceivers | undefined;
  let opened: RecordedSession[] = [];
  let round = 0;

  beforeAll(async () => {
    const { primary } = await serving(group(), 20_000);
    await primary.query('CREATE TABLE answers (id serial PRIMARY KEY, value int DEFAULT 0)');
    await primary.query(`CREATE PROCEDURE commit_inside() LANGUAGE plpgsql AS $$ BEGIN ${insert}; COMMIT; END $$`);
  });
  beforeEach(async () => {
    now = await serving(group(), 30_000);
  });
  afterEach(async () => {
    receivers?.resume();
    await Promise.all(opened.map((session) => session.end()));
    opened = [];
  });

  async function open(): Promise<RecordedSession> {
    const session = await RecordedSession.open(now.primary);
    opened.push(session);
    return session;
  }

  /** Every kind of commit in a session of its own, all of them waiting for a standby. */
  async function allWait(): Promise<Running[]> {
    round += 1;
    const ready: { commit: Commit; session: RecordedSession }[] = [];
    for (const commit of commits(`round${round}`)) {
      const session = await open();
      for (const text of commit.before ?? []) await session.simple(text);
      ready.push({ commit, session });
    }
    receivers = StoppedReceivers.at(now.standbys);
    const running = ready.map(({ commit, session }) => {
      session.forget();
      const outcome = session[commit.protocol](commit.statement).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      return { commit, session, outcome };
    });
    await confirmationAwaited(now.primary, pidsOf(running));
    return running;
  }

  async function expectSilence(running: readonly Running[]): Promise<void> {
    for (const { commit, session, outcome } of running) {
      const error = await outcome;
      const what = `${commit.what} (${commit.protocol})`;
      expect({ what, received: session.received }).toEqual({ what, received: '' });
      expect(error?.message, what).toContain('terminated');
    }
  }

  const signalled = (name: 'pg_cancel_backend' | 'pg_terminate_backend', pids: readonly number[]) =>
    now.primary.query(`SELECT ${name}(pid) FROM unnest($1::int[]) AS pid`, [pids]);

  describe('R16: a commit that waits for a standby', () => {
    it('is answered when the standbys confirm it', async () => {
      const running = await allWait();
      expect(running.map(({ session }) => session.received).join('')).toBe('');
      receivers?.resume();
      for (const { commit, session, outcome } of running) {
        expect(await outcome, commit.what).toBeUndefined();
        expect(session.received, commit.what).toBe(commit.answer);
        expect((await session.simple('SELECT 1')).rowCount, commit.what).toBe(1);
      }
    });

    it('is not answered when it is cancelled, and its session ends', async () => {
      const running = await allWait();
      await signalled('pg_cancel_backend', pidsOf(running));
      await expectSilence(running);
    });

    it('is not answered when its session is terminated', async () => {
      const running = await allWait();
      await signalled('pg_terminate_backend', pidsOf(running));
      await expectSilence(running);
    });

    it('is not answered by an immediate shutdown', async () => {
      const running = await allWait();
      now.primary.exec(['kill', '-QUIT', now.primary.postmasterPid()]);
      await expectSilence(running);
    });

    it('is answered at once in a session that has lowered synchronous_commit', async () => {
      const session = await open();
      await session.simple('SET synchronous_commit = local');
      receivers = StoppedReceivers.at(now.standbys);
      session.forget();
      await session.extended(insert);
      expect(session.received).toBe(extended);
    });
  });

  describe('R16: an error that comes before the commit is written reaches the client, and the session goes on', () => {
    it.each(['simple', 'extended'] as const)('a serialization failure (%s)', async (protocol) => {
      const [one, two] = [await open(), await open()];
      await one.simple('INSERT INTO answers (value) VALUES (7), (8)');
      for (const session of [one, two]) await session.simple('BEGIN ISOLATION LEVEL SERIALIZABLE');
      await one.simple('SELECT count(*) FROM answers WHERE value = 7');
      await two.simple('SELECT count(*) FROM answers WHERE value = 8');
      await one.simple('INSERT INTO answers (value) VALUES (8)');
      await two.simple('INSERT INTO answers (value) VALUES (7)');
      await one.simple('COMMIT');
      two.forget();
      await expect(two[protocol]('COMMIT')).rejects.toMatchObject({ code: '40001' });
      expect(two.received).toContain('E');
      await two.simple(insert);
    });

    it('a deferred constraint', async () => {
      const session = await open();
      await session.simple('CREATE TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
      await session.simple('BEGIN; INSERT INTO once VALUES (1), (1)');
      await expect(session.extended('COMMIT')).rejects.toMatchObject({ code: '23505' });
      await session.simple(insert);
    });

    it('a name of a prepared transaction that is in use, and one that is not there', async () => {
      const session = await open();
      await session.simple(`BEGIN; ${insert}; PREPARE TRANSACTION 'taken'`);
      await session.simple(`BEGIN; ${insert}`);
      session.forget();
      await expect(session.extended("PREPARE TRANSACTION 'taken'")).rejects.toMatchObject({ code: '42710' });
      expect(session.received).toContain('E');
      await session.simple("ROLLBACK PREPARED 'taken'");
      await expect(session.extended("COMMIT PREPARED 'taken'")).rejects.toMatchObject({ code: '42704' });
      await session.simple(insert);
    });
  });
}

function pidsOf(running: readonly Running[]): number[] {
  return running.map(({ session }) => session.pid);
}
