import { describe, expect, it } from 'vitest';
import { chosen } from '../sanitized/image.js';
import { raftState, type ServerGroup } from './server-group.js';

/** What is so once three servers have formed their group for the first time. */
export function forming(group: () => ServerGroup): void {
  describe('three servers form a group from pgraft.initial_cluster', () => {
    // not of an image that somebody has named
    if (chosen === undefined) {
      it('with the sanitizers inside', () => {
        const { primary } = group();
        const mapped = primary.exec(['cat', `/proc/${primary.postmasterPid()}/maps`]);
        expect(mapped).toContain('/libasan.so');
        const library = /\S+\/pgraft\.so$/m.exec(mapped)?.[0] ?? 'pgraft.so is not loaded';
        expect(primary.attempt(['grep', '--quiet', '__asan_report_store', library]).status).toBe(0);
      });
    }

    it('node 1 leads in term 1, is promoted to timeline 2 and accepts commits', async () => {
      expect(await group().primary.status()).toMatchObject({
        ...{ current_term: 1, leader_id: 1, state: 'leader', num_nodes: 3, quorum_met: true },
        ...{ role: 'primary', writable: true, synchronous_in_force: true },
      });
      expect(await group().primary.value('SELECT pg_is_in_recovery()')).toBe(false);
      expect(await group().primary.value('SELECT timeline_id FROM pg_control_checkpoint()')).toBe(2);
    });

    it('the others follow it as standbys that accept no commits', async () => {
      for (const standby of group().standbys) {
        expect(await standby.status()).toMatchObject({
          ...{ current_term: 1, leader_id: 1, state: 'follower', num_nodes: 3, quorum_met: true },
          ...{ role: 'standby', writable: false },
        });
        expect(await standby.value('SELECT pg_is_in_recovery()')).toBe(true);
      }
    });

    it('R1: all know the record of the promotion and have the same chain beside their data', async () => {
      const record = { promotion_term: 1, promotion_node_id: 1, promotion_timeline: 2 };
      for (const status of await group().each((server) => server.status())) expect(status).toMatchObject(record);
      const [first = '', ...others] = group().servers.map((server) => server.chain());
      expect(first).toMatch(/^#.*\n2 1 [0-9A-F]+\/[0-9A-F]+ 1 1\n$/);
      expect(others).toEqual([first, first]);
    });

    it('S4: one of the two standbys, named with their incarnations, confirms each commit', async () => {
      const names = group().standbys.map((standby) => standby.applicationName());
      const setting = `ANY 1 (${names.map((name) => `"${name}"`).join(', ')})`;
      expect(await group().primary.value('SHOW synchronous_standby_names')).toBe(setting);
      const streams = 'SELECT application_name, state, sync_state FROM pg_stat_replication ORDER BY 1';
      const { rows } = await group().primary.query(streams);
      expect(rows).toEqual(names.map((name) => ({ application_name: name, state: 'streaming', sync_state: 'quorum' })));
    });

    it('R11: a standby has a setting that nobody can satisfy', async () => {
      for (const standby of group().standbys) {
        expect(await standby.value('SHOW synchronous_standby_names')).toBe('ANY 1 ("pgraft_nobody")');
      }
    });

    it('R10: each standby streams from a slot of its own, which a second stream cannot use', async () => {
      const slots = 'SELECT slot_name::text, active FROM pg_replication_slots ORDER BY 1';
      expect((await group().primary.query(slots)).rows).toEqual([
        { slot_name: 'pgraft_node_2', active: true },
        { slot_name: 'pgraft_node_3', active: true },
      ]);
      const [standby] = group().standbys;
      const thief = standby?.attempt([
        ...['env', 'PGPASSFILE=/var/lib/postgresql/cluster/replication.pgpass', 'pg_receivewal', '--no-loop'],
        ...['--directory', '/tmp', '--slot', 'pgraft_node_3', '--no-password'],
        ...['--dbname', `host=${group().primary.hostname} user=pgraft_replication`],
      ]);
      expect(thief?.status).toBe(1);
      expect(thief?.stderr).toContain('replication slot "pgraft_node_3" is active');
    });

    it('R8: no server restarts by itself after a crash', async () => {
      for (const server of group().servers) expect(await server.value('SHOW restart_after_crash')).toBe('off');
    });

    it('each has a file for its entry point that says where the members are', () => {
      const lines = group().servers.map(({ id, hostname }) => `${id} ${hostname} 5432\n`);
      for (const server of group().servers) expect(server.exec(['cat', `${raftState}/members`])).toBe(lines.join(''));
    });

    it('R4: every token is consumed', () => {
      expect(group().servers.map((server) => server.state()['formation'])).toEqual([
        'consumed',
        'consumed',
        'consumed',
      ]);
    });
  });
}
