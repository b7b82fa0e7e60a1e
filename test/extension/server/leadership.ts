import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import type { Server, ServerGroup } from './server-group.js';

const readOnly = '25006';

/** Only the server of the last promotion record promotes; the others lead meanwhile, and serve reads. */
export function leadership(group: () => ServerGroup): void {
  describe('when the primary is stopped', () => {
    it('another server is the Raft leader within 3 s, stays in recovery, serves reads and refuses writes', async () => {
      await group().write();
      const rows = await group().primary.value('SELECT count(*) FROM kept');
      docker(['stop', group().primary.hostname]);
      const [first, second] = group().standbys as [Server, Server];
      await eventually(
        'a leader',
        () => Promise.all([first.value('SELECT pgraft_get_leader()'), second.value('SELECT pgraft_get_leader()')]),
        ([a, b]) => a === b && (a === 2 || a === 3),
        3_000,
      );
      for (const standby of [first, second]) {
        expect(await standby.value('SELECT count(*) FROM kept')).toBe(rows);
        await expect(standby.query('INSERT INTO kept VALUES (-1)')).rejects.toMatchObject({ code: readOnly });
        expect(await standby.status()).toMatchObject({ writable: false, promotion_node_id: 1 });
        expect(await standby.value('SELECT pg_is_in_recovery()')).toBe(true);
      }
    });

    it('it leads and accepts writes within 5 s of its start', async () => {
      const { promotion_term, promotion_timeline } = await (group().standbys[0] as Server).status();
      const started = Date.now();
      docker(['start', group().primary.hostname]);
      const status = await group().primary.shows({ state: 'leader', writable: true }, 5_000);
      await group().write();
      console.info(`docker start of the primary to an acknowledged write: ${Date.now() - started} ms`);
      expect(Date.now() - started).toBeLessThan(5_000);
      expect(status.promotion_timeline).toBe((promotion_timeline ?? 0) + 1);
      expect(status.promotion_term).toBeGreaterThan(promotion_term ?? 0);
      expect(status.current_term).toBe(status.promotion_term);
    });

    it('R1: the standbys then have its record, its chain and stream its new timeline', async () => {
      await group().healthy(10_000);
      const { promotion_term, promotion_timeline } = await group().primary.status();
      for (const standby of group().standbys) {
        await standby.shows({ promotion_term, promotion_node_id: 1, promotion_timeline }, 2_000);
        expect(await standby.value('SELECT received_tli FROM pg_stat_wal_receiver')).toBe(promotion_timeline);
        expect(standby.chain()).toBe(group().primary.chain());
      }
      expect(group().primary.chain().trimEnd().split('\n')).toHaveLength(promotion_timeline ?? 0);
    });
  });

  describe('a standby that is cut off the network', () => {
    const cutOff = () => group().servers[2] as Server;
    const asMember = 'SELECT state FROM pgraft_get_nodes() WHERE node_id = 3';

    it('is unreachable for the others, while writes go on', async () => {
      docker(['network', 'disconnect', group().place.network, cutOff().hostname]);
      await eventually(
        'node 3 unreachable',
        () => group().primary.value(asMember),
        (state) => state === 'unreachable',
        5_000,
      );
      await group().write();
      await group().write();
    });

    it('knows that it has no majority, and keeps its data', async () => {
      const look = () => cutOff().sql('SELECT pgraft_quorum_met(), pg_is_in_recovery(), pgraft_get_leader()');
      await eventually('node 3 to be without a leader', look, (seen) => seen === 'f|t|0', 5_000);
    });

    it('is a member and streams again within 15 s of being connected', async () => {
      const { current_term, leader_id } = await group().primary.status();
      const started = Date.now();
      docker(['network', 'connect', group().place.network, cutOff().hostname]);
      await eventually(
        'node 3 back',
        () => group().primary.value(asMember),
        (state) => state === 'follower',
        15_000,
      );
      await group().healthy(15_000 - (Date.now() - started));
      console.info(`docker network connect to streaming: ${Date.now() - started} ms`);
      // pre-vote: it asked in vain, and disturbs nobody now
      expect(await group().primary.status()).toMatchObject({ current_term, leader_id });
    });
  });
}
