import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { docker } from '../../../support/node-container.js';
import { data, raftState, type Server, type ServerGroup } from '../server-group.js';
import { serving, type Serving } from '../serving.js';
import { ended, makeTable, read, removeWhatIsRead } from './readers.js';
import { freezes, freezesForNewer, replayWaits } from './terms.js';

const autoConf = `${data}/postgresql.auto.conf`;

/** R5: before a server reports for a term, it has stopped streaming, durably, and nothing starts it again. */
export function freeze(group: () => ServerGroup): void {
  describe('a freeze', () => {
    let before: Serving;

    beforeEach(async () => {
      before = await serving(group(), 30_000);
    });
    afterEach(async () => {
      for (const server of group().servers) docker(['start', server.hostname]);
      await serving(group(), 40_000);
    });

    it('R5: a standby whose replay waits for a reader freezes for a new term all the same: the reader is ended', async () => {
      const { primary, standbys } = before;
      const [standby] = standbys as [Server];
      await makeTable(primary);
      await serving(group(), 10_000);
      const reader = await read(standby);
      await removeWhatIsRead(primary);
      await replayWaits(standby, 'RecoveryConflictSnapshot', 10_000);
      const { current_term } = await standby.status();
      const logged = standby.log().length;

      docker(['kill', primary.hostname]);
      await freezesForNewer(standby, current_term, 10_000);
      await standby.logs(ended, logged);
      await reader.end();
    });

    it('R5: a standby does not report while postgresql.auto.conf still has its startup process stream, and says so', async () => {
      const { primary, standbys } = before;
      const [standby] = standbys as [Server];
      const { current_term } = await standby.status();
      edit(standby, `primary_conninfo = '${await quotedConninfo(standby)}'\n`);
      docker(['kill', primary.hostname]);
      await eventually(
        'the standby to say what keeps it',
        async () => (await standby.status()).message ?? '',
        (message) => message.includes('take it out of postgresql.auto.conf'),
        15_000,
      );
      expect(freezes(standby.log()).filter(({ term }) => term > current_term)).toEqual([]);
      undoEdit(standby);
      await freezesForNewer(standby, current_term, 10_000);
    });

    describe('R5: a standby that is frozen, and waits for a leader who can promote', () => {
      let standby: Server;
      let other: Server;
      let conninfo: string;
      let worker: string;

      beforeEach(async () => {
        [standby, other] = before.standbys as [Server, Server];
        conninfo = await quotedConninfo(standby);
        expect(roleConf(standby)).toContain("primary_conninfo = 'host=");
        const { current_term } = await standby.status();
        // a server that does not report leaves the new leader without a majority
        worker = other.workerPid('role');
        other.exec(['kill', '-STOP', worker]);
        docker(['kill', before.primary.hostname]);
        await freezesForNewer(standby, current_term, 15_000);
      });
      afterEach(() => {
        other.exec(['kill', '-CONT', worker]);
      });

      it('has a setting without a primary on its disk when it is killed at that moment', () => {
        docker(['kill', standby.hostname]);
        expect(roleConf(standby)).toContain("primary_conninfo = ''\n");
      });

      it('starts no WAL receiver when somebody puts the old primary into postgresql.auto.conf and reloads', async () => {
        const logged = standby.log().length;
        const since = () => standby.log().slice(logged);
        edit(standby, `primary_conninfo = '${conninfo}'\n`);
        await standby.logs('"primary_conninfo" cannot be set to', logged);
        const rounds = () => since().split('waiting for WAL to become available').length - 1;
        await eventually('replay to look for WAL twice more', rounds, (count) => count >= 2, 20_000);
        expect(since()).not.toMatch(/could not connect to the primary|started streaming/);
        expect(await standby.value('SELECT count(*) FROM pg_stat_wal_receiver')).toBe(0);

        undoEdit(standby);
      });
    });
  });
}

/** As somebody would who knows that ALTER SYSTEM refuses, and then a reload. */
function edit(server: Server, line: string): void {
  server.exec(['sh', '-c', `cat >>${autoConf}`], line);
  server.sql('SELECT pg_reload_conf()');
}

function undoEdit(server: Server): void {
  server.exec(['sed', '-i', '/primary_conninfo/d', autoConf]);
  server.sql('SELECT pg_reload_conf()');
}

async function quotedConninfo(standby: Server): Promise<string> {
  return String(await standby.value('SHOW primary_conninfo')).replaceAll("'", "''");
}

/** From the volume, also of a container that does not run. */
function roleConf(server: Server): string {
  return docker(['cp', `${server.hostname}:${raftState}/role.conf`, '-']);
}
