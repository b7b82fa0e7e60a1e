import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { successor } from './rules/terms.js';
import type { Server, ServerGroup, Status } from './server-group.js';
import { healthy, links, type Serving } from './serving.js';

const readOnly = '25006';

/** Whichever server the majority elects is promoted; the one that comes back follows it. */
export function leadership(group: () => ServerGroup): void {
  describe('when the primary is stopped', () => {
    let before: Serving;
    let history: string[];
    let last: Status;
    let promoted: Server;

    beforeAll(async () => {
      before = await healthy(group(), 20_000);
      await group().write(before.primary);
      before = await healthy(group(), 5_000);
      history = links(before.primary);
      last = await before.primary.status();
    });

    it('another server is the primary within 3 s, with every row; the third follows, serves reads and refuses writes', async () => {
      const rows = await before.primary.value('SELECT count(*) FROM kept');
      docker(['stop', before.primary.hostname]);
      promoted = await successor(before.standbys, 3_000);
      expect(await promoted.value('SELECT count(*) FROM kept')).toBe(rows);
      const record = await promoted.status();
      expect(record.promotion_node_id).toBe(promoted.id);
      expect(record.promotion_timeline).toBe((last.promotion_timeline ?? 0) + 1);
      expect(record.promotion_term).toBeGreaterThan(last.promotion_term ?? 0);
      expect(record.current_term).toBe(record.promotion_term);

      const third = before.standbys.find((server) => server !== promoted) as Server;
      const { current_term, promotion_term, promotion_timeline } = record;
      const followed = { role: 'standby', writable: false, current_term, leader_id: promoted.id };
      await third.shows({ ...followed, promotion_term, promotion_node_id: promoted.id, promotion_timeline }, 3_000);
      expect(await third.value('SELECT count(*) FROM kept')).toBe(rows);
      await expect(third.query('INSERT INTO kept VALUES (-1)')).rejects.toMatchObject({ code: readOnly });
      expect(await third.value('SELECT pg_is_in_recovery()')).toBe(true);
      await group().write(promoted);
    });

    it('it is a standby of the new primary within 15 s of its start, which costs no further promotion', async () => {
      const record = await promoted.status();
      const started = Date.now();
      docker(['start', before.primary.hostname]);
      const after = await healthy(group(), 15_000);
      console.info(`docker start of the stopped primary to all rows streamed: ${Date.now() - started} ms`);
      expect(after.primary).toBe(promoted);
      const { current_term, promotion_term, promotion_node_id, promotion_timeline } = record;
      for (const server of group().servers)
        await server.shows({ current_term, promotion_term, promotion_node_id, promotion_timeline }, 2_000);
      await expect(before.primary.query('INSERT INTO kept VALUES (-1)')).rejects.toMatchObject({ code: readOnly });
      await group().write(promoted);
    });

    it('R1: the standbys then have its record, its chain and stream its new timeline', async () => {
      const { primary, standbys } = await healthy(group(), 10_000);
      const { promotion_timeline, promotion_term } = await primary.status();
      const [timeline, parent] = [promotion_timeline ?? 0, last.promotion_timeline ?? 0];
      expect(links(primary).slice(0, -1)).toEqual(history);
      expect(links(primary).at(-1)).toMatch(
        new RegExp(`^${timeline} ${promotion_term ?? 0} [0-9A-F]+/[0-9A-F]+ ${parent} ${primary.id}$`),
      );
      for (const standby of standbys) {
        expect(await standby.value('SELECT received_tli FROM pg_stat_wal_receiver')).toBe(promotion_timeline);
        expect(standby.chain()).toBe(primary.chain());
      }
    });
  });

  describe('a standby that is cut off the network', () => {
    const asMember = 'SELECT state FROM pgraft_get_nodes() WHERE node_id = $1';
    let primary: Server;
    let cutOff: Server;

    beforeAll(async () => {
      const now = await healthy(group(), 20_000);
      primary = now.primary;
      cutOff = now.standbys[1] as Server;
    });

    it('is unreachable for the others, while writes go on', async () => {
      docker(['network', 'disconnect', group().place.network, cutOff.hostname]);
      await eventually(
        `${cutOff.name} unreachable`,
        () => primary.value(asMember, [cutOff.id]),
        (state) => state === 'unreachable',
        5_000,
      );
      await group().write(primary);
      await group().write(primary);
    });

    it('knows that it has no majority, and keeps its data', async () => {
      const look = () => cutOff.sql('SELECT pgraft_quorum_met(), pg_is_in_recovery(), pgraft_get_leader()');
      await eventually(`${cutOff.name} to be without a leader`, look, (seen) => seen === 'f|t|0', 5_000);
    });

    it('is a member and streams again within 15 s of being connected', async () => {
      const { current_term, leader_id } = await primary.status();
      const started = Date.now();
      docker(['network', 'connect', group().place.network, cutOff.hostname]);
      await eventually(
        `${cutOff.name} back`,
        () => primary.value(asMember, [cutOff.id]),
        (state) => state === 'follower',
        15_000,
      );
      const after = await healthy(group(), 15_000 - (Date.now() - started));
      console.info(`docker network connect to streaming: ${Date.now() - started} ms`);
      // pre-vote: it asked in vain, and disturbs nobody now
      expect(after.primary).toBe(primary);
      expect(await primary.status()).toMatchObject({ current_term, leader_id });
    });
  });
}
