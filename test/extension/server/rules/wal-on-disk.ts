import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { docker } from '../../../support/node-container.js';
import type { Server, ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';
import { freezes, lsn, successor } from './terms.js';

/** R2: a position is read from the disk, not from shared memory. */
export function walOnDisk(group: () => ServerGroup): void {
  describe('R2: WAL that a standby has received, but not replayed', () => {
    it('counts after the standby was killed, and makes it the primary, not a server that lacks it', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      const [holder, other] = standbys as [Server, Server];
      await primary.query('CREATE TABLE IF NOT EXISTS received (id serial PRIMARY KEY)');
      await holdReplay(primary, holder);
      const network = group().place.network;
      docker(['network', 'disconnect', network, other.hostname]);

      await primary.query('INSERT INTO received VALUES (-2)');
      const end = String(await primary.value('SELECT pg_current_wal_flush_lsn()'));
      await eventually(
        `${holder.name} to receive ${end}`,
        () => holder.value('SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn', [end]),
        (received) => received === true,
        10_000,
      );
      expect(await holder.value('SELECT pg_last_wal_replay_lsn() < $1::pg_lsn', [end])).toBe(true);
      const logged = holder.log().length;
      docker(['kill', primary.hostname, holder.hostname]);
      docker(['start', holder.hostname]);
      docker(['network', 'connect', network, other.hostname]);

      expect(await successor([holder, other], 30_000)).toBe(holder);
      expect(await holder.value('SELECT count(*) FROM received WHERE id = -2')).toBe(1);
      const reported = freezes(holder.log().slice(logged));
      expect(reported).not.toEqual([]);
      expect(reported.filter((freeze) => freeze.end < lsn(end))).toEqual([]);

      await holder.query('ALTER SYSTEM RESET recovery_min_apply_delay');
      await holder.query('SELECT pg_reload_conf()');
      docker(['start', primary.hostname]);
      await serving(group(), 40_000);
    });
  });
}

/** From here on `standby` receives and confirms, but replays no commit; not after a restart either. */
async function holdReplay(primary: Server, standby: Server): Promise<void> {
  await standby.query("ALTER SYSTEM SET recovery_min_apply_delay = '1h'");
  await standby.query('SELECT pg_reload_conf()');
  await eventually(
    `replay on ${standby.name} to wait at a commit`,
    async () => {
      await primary.query('INSERT INTO received DEFAULT VALUES');
      return standby.value("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'");
    },
    (event) => event === 'RecoveryApplyDelay',
    10_000,
  );
}
