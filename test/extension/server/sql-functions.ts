import { beforeAll, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../scripts/steps/rotate-key.js';
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
  [1009, 'text[]'],
  [1184, 'timestamptz'],
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

/** The columns of the reference page, then snapshots and messages by kind. */
const logColumns = [
  ...[
    ...['log_size', 'last_index', 'commit_index', 'last_applied', 'replicated', 'committed', 'applied', 'errors'],
    ...['snapshots_taken', 'snapshots_sent', 'snapshots_received', 'snapshot_index', 'snapshot_threshold'],
    'trailing_entries',
    ...[
      ...['append_entries', 'append_entries_result', 'request_vote', 'request_vote_result'],
      ...['install_snapshot', 'timeout_now'],
    ].flatMap((kind) => [`${kind}_sent`, `${kind}_received`]),
    ...['leader_suspicions', 'leader_judged_dead', 'longest_leader_silence_ms'],
    ...['greetings_refused', 'connections_silent'],
  ].map((name) => `${name} bigint`),
  'key_fingerprints text[]',
];
const eventColumns = ['event_timestamp timestamptz', 'event_type text', 'node_id int', 'term bigint', 'detail text'];

const functions =
  "SELECT p.oid::regprocedure::text AS name, coalesce(obj_description(p.oid, 'pg_proc'), '') AS comment" +
  " FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'" +
  " JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pgraft' ORDER BY 1";

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
        expect(row['last_heartbeat_ms']).toBeLessThan(1_000);
        expect(row['commit_index']).toBeGreaterThan(0);
      }
    });

    it('pgraft_get_nodes() tells how far each member is, also on a follower', async () => {
      const last = (
        await group().primary.query<{ last_index: number }>('SELECT last_index FROM pgraft_log_get_stats()')
      ).rows[0]?.last_index;
      const far = () => asVisitor(server(), 'pgraft_get_nodes()');
      const { rows } = await eventually(
        `match_index ${last} and no lag of all three`,
        far,
        (seen) =>
          seen.rows.every((row) => Number(row['match_index']) >= Number(last) && row['replication_lag_bytes'] === 0),
        2_000,
      );
      expect(rows).toHaveLength(3);
    });

    it('pgraft_log_get_stats() has one row, and counts what goes to and fro', async () => {
      const { rows, columns } = await asVisitor(server(), 'pgraft_log_get_stats()');
      expect(columns).toEqual(logColumns);
      expect(rows).toHaveLength(1);
      const [row = {}] = rows;
      expect(row['last_applied']).toBe(row['commit_index']);
      expect(row['log_size']).toBeGreaterThan(0);
      for (const count of ['replicated', 'committed', 'applied']) expect(row[count], count).toBeGreaterThan(0);
      expect(row).toMatchObject({ errors: 0, snapshot_threshold: 4096, trailing_entries: 8192 });
      expect(row['key_fingerprints']).toEqual([fingerprintOf(secrets.raft_key)]);
      const appends = leads ? 'append_entries_sent' : 'append_entries_received';
      const results = leads ? 'append_entries_result_received' : 'append_entries_result_sent';
      expect(row[appends]).toBeGreaterThan(0);
      expect(row[results]).toBeGreaterThan(0);
      expect(row[leads ? 'append_entries_received' : 'append_entries_sent']).toBe(0);
    });

    it('pgraft_get_events() tells what happened, newest last, and each server of itself', async () => {
      const started = (seen: Awaited<ReturnType<typeof asVisitor>>) =>
        seen.rows.filter((row) => row['event_type'] === 'worker_started').length === 3;
      const look = () => asVisitor(server(), 'pgraft_get_events()');
      const { rows, columns } = await eventually('three started workers', look, started, 5_000);
      expect(columns).toEqual(eventColumns);
      expect(rows.map((row) => row['event_type'])).toEqual(
        expect.arrayContaining(['leader_elected', 'promotion_started', 'promoted', 'member_changed']),
      );
      const times = rows.map((row) => Number(row['event_timestamp']));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      for (const row of rows) {
        expect(row['detail']).not.toBe('');
        // a worker may start before the first election
        if (row['event_type'] !== 'worker_started') expect(row['term']).toBeGreaterThan(0);
      }
    });

    it('every function has a comment', async () => {
      const { rows } = await server().query<{ name: string; comment: string }>(functions, [], visitor);
      expect(rows.map(({ name }) => name)).toEqual(
        [
          ...['pgraft_add_node(integer,text,integer)', 'pgraft_get_cluster_status()', 'pgraft_get_config()'],
          ...['pgraft_get_events()', 'pgraft_get_leader()', 'pgraft_get_nodes()', 'pgraft_get_term()'],
          ...['pgraft_get_version()', 'pgraft_get_worker_state()', 'pgraft_init()', 'pgraft_is_leader()'],
          ...['pgraft_log_get_stats()', 'pgraft_quorum_met()', 'pgraft_remove_node(integer)'],
          ...['pgraft_set_config(text,text)', 'pgraft_transfer_leadership(integer)'],
        ].toSorted(),
      );
      for (const { name, comment } of rows) expect(comment, name).not.toBe('');
    });

    it.each([
      ['cluster_name', `of ${leads ? 'the leader' : 'a follower'}, ü`],
      ['failover_enabled', 'false'],
      ['failover_enabled', 'true'],
    ])('pgraft_set_config(%j, %j) holds here when it returns, and soon everywhere', async (key, value) => {
      const shown = async (one: Server) =>
        (await one.query<{ value: string }>('SELECT value FROM pgraft_get_config() WHERE key = $1', [key], visitor))
          .rows[0]?.value;
      const { rows } = await server().query('SELECT pgraft_set_config($1, $2)', [key, value], steward);
      expect(rows).toEqual([{ pgraft_set_config: true }]);
      expect(await shown(server())).toBe(value);
      await group().each((one) =>
        eventually(
          `${key} on ${one.name}`,
          () => shown(one),
          (seen) => seen === value,
          1_000,
        ),
      );
    });

    it('pgraft_set_config() takes at most 20 ms at the median', async () => {
      const took: number[] = [];
      for (let run = 0; run < 20; run += 1) {
        const text = await server().value(
          "WITH before AS MATERIALIZED (SELECT clock_timestamp() AS at), change AS MATERIALIZED (SELECT at, pgraft_set_config('cluster_name', $1) FROM before)" +
            ' SELECT extract(epoch FROM clock_timestamp() - at)::float8 * 1000 FROM change',
          [`run ${run}`],
        );
        took.push(Number(text));
      }
      took.sort((a, b) => a - b);
      const [median = NaN, slowest = NaN] = [took[10], took.at(-1)];
      console.info(
        `pgraft_set_config() on ${server().name}: median ${median.toFixed(1)} ms, max ${slowest.toFixed(1)} ms`,
      );
      expect(median).toBeLessThanOrEqual(20);
    });

    it('pgraft_init() is true again for a superuser and for a member of pgraft_admin', async () => {
      const before = await server().status();
      expect(await server().value('SELECT pgraft_init()')).toBe(true);
      expect((await server().query('SELECT pgraft_init()', [], steward)).rows).toEqual([{ pgraft_init: true }]);
      const { current_term, leader_id, num_nodes } = before;
      expect(await server().status()).toMatchObject({ current_term, leader_id, num_nodes });
    });

    it.each([
      'pgraft_init()',
      "pgraft_set_config('cluster_name', 'theirs')",
      "pgraft_add_node(4, 'nobody', 7004)",
      'pgraft_remove_node(3)',
      'pgraft_transfer_leadership()',
    ])('%s is refused to anybody else', async (call) => {
      await expect(server().query(`SELECT ${call}`, [], visitor)).rejects.toMatchObject({
        code: '42501',
        message: 'permission denied to change the cluster',
      });
    });
  });
}
