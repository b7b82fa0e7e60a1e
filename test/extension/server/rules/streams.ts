import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { docker } from '../../../support/node-container.js';
import { RecordedSession } from '../recorded-session.js';
import type { Server, ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';
import { confirmationAwaited, StoppedReceivers } from '../stopped-receivers.js';

/** As somebody would start it who has the password of pgraft_replication. */
function receiveWal(from: Server, name: string, more = ''): string[] {
  const directory = `/tmp/${randomUUID()}`;
  const login = `host=${from.hostname} user=pgraft_replication application_name=${name} ${more}`;
  const receive = `mkdir ${directory} && exec timeout 20 pg_receivewal --no-loop --synchronous --status-interval 1 \
    --no-password --directory ${directory} --dbname "$0"`;
  return ['env', 'PGPASSFILE=/var/lib/postgresql/cluster/replication.pgpass', 'sh', '-c', receive, login];
}

/** R10: commits are confirmed by servers, not by connections. */
export function streams(group: () => ServerGroup): void {
  describe("R10: another stream under a standby's name", () => {
    let receivers: StoppedReceivers | undefined;
    afterEach(async () => {
      receivers?.resume();
      await serving(group(), 40_000);
    });

    it('confirms no commit while the standby itself does not', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      const [standby] = standbys as [Server];
      const session = await RecordedSession.open(primary);
      receivers = StoppedReceivers.at(standbys);
      session.forget();
      const answered = session.simple('CREATE TABLE confirmed (id int)');
      await confirmationAwaited(primary, [session.pid]);
      const end = await primary.value('SELECT pg_current_wal_flush_lsn()');
      const name = standby.applicationName();
      docker(['exec', '--detach', standby.hostname, ...receiveWal(primary, name)]);

      const stream = `SELECT reply_time::text AS replied, sync_state FROM pg_stat_replication
        WHERE application_name = $1 AND state = 'streaming' AND flush_lsn >= $2::pg_lsn`;
      const look = async () =>
        (await primary.query<{ replied: string; sync_state: string }>(stream, [name, end])).rows[0];
      const first = await eventually('a stream that has the commit', look, (row) => row !== undefined, 10_000);
      // its next reply comes after all that the first one can have released
      await eventually('its next reply', look, (row) => row !== undefined && row.replied !== first?.replied, 10_000);
      expect(session.received).toBe('');
      expect(first?.sync_state).toBe('async');

      receivers.resume();
      await answered;
      await primary.query('DROP TABLE confirmed');
      await session.end();
    });

    it('is refused while the standby streams, although it says which promotion it follows', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      const [standby] = standbys as [Server];
      const { promotion_term } = await primary.status();
      const follow = `options='-c pgraft.follow_term=${promotion_term ?? 0}'`;
      const copy = standby.attempt(receiveWal(primary, standby.applicationName(), follow));
      expect(copy.stderr).toContain('streams from this server already');
      expect(copy.status).toBe(1);
    });
  });
}
