import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { RecordedSession } from './recorded-session.js';
import { data, type Server, type ServerGroup } from './server-group.js';
import { serving, type Serving } from './serving.js';
import { confirmationAwaited, StoppedReceivers } from './stopped-receivers.js';

const cannotChange = '55P02';
const insert = 'INSERT INTO kept SELECT coalesce(max(id), 0) + 1 FROM kept';
const autoConf = `${data}/postgresql.auto.conf`;

/** Who confirms commits and whom a standby follows is the role worker's to say, and nobody else's. */
export function roleSettings(group: () => ServerGroup): void {
  let now: Serving;

  /** As somebody would who knows that ALTER SYSTEM refuses, and then a reload. */
  function edit(server: Server, ...lines: readonly string[]): void {
    server.exec(['sh', '-c', `cat >>${autoConf}`], `${lines.join('\n')}\n`);
    server.sql('SELECT pg_reload_conf()');
  }

  function undoEdits(server: Server): void {
    server.exec(['sh', '-c', `: >${autoConf}`]);
    server.sql('SELECT pg_reload_conf()');
  }

  beforeEach(async () => {
    now = await serving(group(), 20_000);
  });
  afterEach(() => {
    for (const server of group().servers) undoEdits(server);
  });

  describe('ALTER SYSTEM SET is refused, with the cause and what to do instead, and changes nothing', () => {
    it.each([
      ['R11, R12', 'synchronous_standby_names', '', 'synchronous_commit says'],
      ['R12', 'synchronous_standby_names', 'x', 'synchronous_commit says'],
      ['R5', 'primary_conninfo', 'host=elsewhere', 'pgraft_get_cluster_status()'],
      ['R10', 'primary_slot_name', 'mine', 'nothing to set'],
      ['R8', 'restart_after_crash', 'on', 'comes back by itself'],
    ])("%s: %s = '%s'", async (_, name, value, hint) => {
      for (const server of [now.primary, ...now.standbys]) {
        const before = server.exec(['cat', autoConf]);
        await expect(server.query(`ALTER SYSTEM SET ${name} = '${value}'`)).rejects.toMatchObject({
          code: cannotChange,
          message: `parameter "${name}" cannot be set to "${value}": pgraft sets it`,
          detail: expect.stringMatching(/\w/) as string,
          hint: expect.stringContaining(hint) as string,
        });
        expect(server.exec(['cat', autoConf])).toBe(before);
      }
    });

    it('but other settings can be set, and all can be reset', async () => {
      const { primary } = now;
      await primary.query("ALTER SYSTEM SET work_mem = '5MB'");
      await primary.query('ALTER SYSTEM RESET synchronous_standby_names');
      await primary.query('ALTER SYSTEM RESET ALL');
      await primary.query(insert);
    });
  });

  it('R11, R12: a synchronous setting in an edited postgresql.auto.conf releases no waiting commit, and is named', async () => {
    const { primary } = now;
    const wanted = await primary.value('SHOW synchronous_standby_names');
    const session = await RecordedSession.open(primary);
    const receivers = StoppedReceivers.at(now.standbys);
    try {
      session.forget();
      const answered = session.extended('CREATE TABLE waited (id int)');
      await confirmationAwaited(primary, [session.pid]);
      const logged = primary.log().length;
      edit(primary, "synchronous_standby_names = ''", 'log_checkpoints = off');
      await primary.logs('"synchronous_standby_names" cannot be set to "": pgraft sets it', logged);
      await checkpointerHasRead(primary);
      await confirmationAwaited(primary, [session.pid]);
      expect(await primary.value('SHOW synchronous_standby_names')).toBe(wanted);
      expect(session.received).toBe('');

      undoEdits(primary);
      receivers.resume();
      await answered;
      expect(session.received).toBe('12nCZ');
    } finally {
      receivers.resume();
      await session.end();
    }
  });

  it('R5: a primary_conninfo in an edited postgresql.auto.conf makes a standby follow nobody else', async () => {
    const standby = now.standbys[0] as Server;
    const receiver = () => standby.value('SELECT pid FROM pg_stat_wal_receiver');
    const before = { receiver: await receiver(), conninfo: await standby.value('SHOW primary_conninfo') };
    edit(standby, "primary_conninfo = 'host=elsewhere'", "primary_slot_name = 'mine'");
    await standby.logs('"primary_conninfo" cannot be set to "host=elsewhere": pgraft sets it');
    await standby.logs('"primary_slot_name" cannot be set to "mine": pgraft sets it');
    await now.primary.query(insert);
    await serving(group(), 10_000);
    expect({ receiver: await receiver(), conninfo: await standby.value('SHOW primary_conninfo') }).toEqual(before);
  });

  it('parallel workers start with the settings of their leader', async () => {
    const { primary } = now;
    edit(primary, "debug_parallel_query = 'on'");
    await eventually(
      'parallel workers',
      () => primary.value('SHOW debug_parallel_query'),
      (value) => value === 'on',
      3_000,
    );
    expect(await primary.value('SELECT count(*) FROM generate_series(1, 10)')).toBe(10);
  });
}

/** The checkpointer applies the setting (R12). log_checkpoints, edited with it, shows when it has read the file. */
async function checkpointerHasRead(primary: Server): Promise<void> {
  const announced = () => primary.log().split('checkpoint starting').length;
  await eventually(
    'the checkpointer to have read the edited file',
    async () => {
      const before = announced();
      await primary.query('CHECKPOINT');
      return announced() - before;
    },
    (count) => count === 0,
    10_000,
  );
}
