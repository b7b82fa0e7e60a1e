import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import type { Login, Server, ServerGroup } from './server-group.js';

const password = secrets.application_password;
const visitor: Login = { user: 'visitor', password };
const steward: Login = { user: 'steward', password };

const typeNames = new Map([
  [16, 'boolean'],
  [20, 'bigint'],
  [23, 'int'],
  [25, 'text'],
]);

/** The columns of the first public release, in its order, then ours. */
const statusColumns = [
  ...['node_id int', 'current_term bigint', 'leader_id bigint', 'state text', 'num_nodes int'],
  ...['messages_processed bigint', 'heartbeats_sent bigint', 'elections_triggered bigint', 'commit_index bigint'],
  ...['last_applied bigint', 'cluster_name text', 'name text', 'quorum_met boolean', 'promotion_term bigint'],
  ...['promotion_node_id int', 'promotion_timeline int', 'role text', 'writable boolean'],
  ...['synchronous_in_force boolean', 'failover_enabled boolean', 'message text'],
];
const nodeColumns = [
  ...['node_id int', 'address text', 'port int', 'is_leader boolean', 'name text', 'state text'],
  ...['match_index bigint', 'commit_index bigint', 'last_heartbeat_ms bigint', 'replication_lag_bytes bigint'],
  'voter boolean',
];

async function asVisitor(server: Server, call: string) {
  const { rows, fields } = await server.query<Record<string, unknown>>(`SELECT * FROM ${call}`, [], visitor);
  return { rows, columns: fields.map(({ name, dataTypeID }) => `${name} ${typeNames.get(dataTypeID) ?? dataTypeID}`) };
}

/** The functions of design.md §5, asked by a user without any right. */
export function sqlFunctions(group: () => ServerGroup): void {
  describe.each([
    ['the leader', 0],
    ['a follower', 1],
  ])('on %s', (_, position) => {
    const server = () => group().servers[position] as Server;
    const leads = position === 0;

    beforeAll(async () => {
      if (!leads) return;
      await group().primary.query(`CREATE ROLE visitor LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
      await group().primary.query(
        `CREATE ROLE steward LOGIN PASSWORD '${password.replaceAll("'", "''")}' IN ROLE pgraft_admin`,
      );
      // the standbys have it too, or logging in there would be a race
      await group().primary.query('CREATE TABLE roles_made ()');
      await Promise.all(
        group().standbys.map((standby) =>
          eventually('the roles', () => standby.value("SELECT to_regclass('roles_made') IS NOT NULL"), Boolean, 5_000),
        ),
      );
    });

    it.each([
      ['pgraft_is_leader()', 'pgraft_is_leader boolean', leads],
      ['pgraft_get_leader()', 'pgraft_get_leader bigint', 1],
      ['pgraft_get_term()', 'pgraft_get_term bigint', 1],
      ['pgraft_quorum_met()', 'pgraft_quorum_met boolean', true],
      ['pgraft_get_worker_state()', 'pgraft_get_worker_state text', 'running'],
      ['pgraft_get_version()', 'pgraft_get_version text', '1.0'],
    ])('%s is %s, %s', async (call, column, value) => {
      const { rows, columns } = await asVisitor(server(), call);
      expect(columns).toEqual([column]);
      expect(rows).toEqual([{ [call.slice(0, -2)]: value }]);
    });

    it('pgraft_get_cluster_status() has one row', async () => {
      const { rows, columns } = await asVisitor(server(), 'pgraft_get_cluster_status()');
      expect(columns).toEqual(statusColumns);
      expect(rows).toEqual([
        expect.objectContaining({
          ...{ node_id: position + 1, name: server().name, failover_enabled: true },
          ...{ state: leads ? 'leader' : 'follower', role: leads ? 'primary' : 'standby', writable: leads },
        }),
      ]);
      const [row] = rows;
      expect(row?.['last_applied']).toBe(row?.['commit_index']);
      expect(row?.['messages_processed']).toBeGreaterThan(0);
      expect(row?.['elections_triggered']).toBe(leads ? 1 : 0);
      if (leads) expect(row?.['heartbeats_sent']).toBeGreaterThan(0);
    });

    it('pgraft_get_nodes() has a row for each member', async () => {
      const { rows, columns } = await asVisitor(server(), 'pgraft_get_nodes()');
      expect(columns).toEqual(nodeColumns);
      expect(rows).toHaveLength(3);
      for (const [i, row] of rows.entries()) {
        expect(row).toMatchObject({
          ...{ node_id: i + 1, name: group().servers[i]?.name, address: group().servers[i]?.hostname, port: 7001 + i },
          ...{ is_leader: i === 0, state: i === 0 ? 'leader' : 'follower', voter: true },
        });
        // a follower knows its own progress only
        expect(row['match_index'] === null, `match_index of ${i + 1}`).toBe(!leads && i !== position);
        expect(row['last_heartbeat_ms']).toBeLessThan(1_000);
      }
      if (leads) expect(rows.map((row) => row['replication_lag_bytes'])).not.toContain(null);
    });

    it('pgraft_init() is true again for a superuser and for a member of pgraft_admin', async () => {
      const before = await server().status();
      expect(await server().value('SELECT pgraft_init()')).toBe(true);
      expect((await server().query('SELECT pgraft_init()', [], steward)).rows).toEqual([{ pgraft_init: true }]);
      const { current_term, leader_id, num_nodes } = before;
      expect(await server().status()).toMatchObject({ current_term, leader_id, num_nodes });
    });

    it('pgraft_init() is refused to anybody else', async () => {
      await expect(server().query('SELECT pgraft_init()', [], visitor)).rejects.toMatchObject({
        code: '42501',
        message: 'permission denied to change the cluster',
      });
    });
  });
}
