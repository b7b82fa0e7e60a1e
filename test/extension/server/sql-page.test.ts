/** Every SQL statement of the management page, in its order: one formed member, with two empty servers beside it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pageStatements, type PageStatement } from '../../cluster/pages/sql-page.js';
import { eventually } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import { ServerGroup, streams, type Server } from './server-group.js';

type Row = Record<string, unknown>;
type Promised = (rows: readonly Row[]) => Promise<void> | void;

const page = readFileSync(join(import.meta.dirname, '..', '..', 'cluster', 'pages', 'cluster-management.md'), 'utf8');
const statements = pageStatements(page);
const settled = 30_000;

const isTrue = (rows: readonly Row[]): void => {
  expect(rows.map((row) => Object.values(row))).toEqual([[true]]);
};

describe('the SQL page', () => {
  let group: ServerGroup;
  /** Those that are members now. */
  let members: Server[];

  beforeAll(async () => {
    group = await ServerGroup.create(['primary', 'replica1', 'replica2']);
    for (const server of group.servers) server.configure();
    await group.initialize();
    for (const standby of group.standbys) {
      group.clone(standby);
      await standby.reaches({ phase: 'running' }, 60_000);
    }
    members = [group.primary];
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });
  afterAll(() => {
    group.remove();
  });

  const server = (id: number) => group.servers[id - 1] as Server;

  /** The member that accepts commits, once every other member streams from it. */
  async function primary(): Promise<Server> {
    const look = async () => {
      const shown = await Promise.all(members.map((member) => member.status().catch(() => undefined)));
      const serving = members.filter((_, index) => shown[index]?.writable === true);
      const [one] = serving;
      if (serving.length !== 1 || one === undefined) return undefined;
      return (await one.value(streams)) === members.length - 1 ? one : undefined;
    };
    const found = await eventually(
      'one primary, from which all others stream',
      look,
      (one) => one !== undefined,
      settled,
    );
    return found as Server;
  }

  /** The page's example addresses are those of nobody here. */
  function here(sql: string): string {
    return sql.replaceAll(/'10\.0\.0\.1([23])'/g, (_, id: string) => `'${server(Number(id)).hostname}'`);
  }

  async function run({ sql, psql }: PageStatement): Promise<Row[]> {
    // nobody accepts commits before the first statement
    const target = sql.startsWith('SELECT pgraft_init(') ? group.primary : await primary();
    const rows = psql ? throughPsql(here(sql)) : (await target.query(here(sql), [], undefined, settled)).rows;
    console.info(`${here(sql)}\n${rows.map((row) => JSON.stringify(row)).join('\n')}`);
    return rows;
  }

  /** psql as the page runs it, told by the environment where the cluster is. */
  function throughPsql(sql: string): Row[] {
    const environment = {
      PGHOST: members.map(({ hostname }) => hostname).join(','),
      PGUSER: 'postgres',
      PGPASSWORD: secrets.superuser_password,
      PGTARGETSESSIONATTRS: 'read-write',
    };
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const output = group.primary.exec(['env', ...variables, 'psql', '--csv', '-c', sql]);
    const [names = '', ...lines] = output.trimEnd().split('\n');
    return lines.map((line) => {
      const values = line.split(',');
      return Object.fromEntries(names.split(',').map((name, index) => [name, typed(values[index])]));
    });
  }

  function typed(text = ''): unknown {
    return text === 't' ? true : text === 'f' ? false : text;
  }

  const added =
    (id: number): Promised =>
    async (rows) => {
      isTrue(rows);
      members = [...members, server(id)];
      // visible on every member, and a standby of the primary
      for (const member of members) {
        const seen = () =>
          member.value('SELECT string_agg(node_id::text, $1 ORDER BY node_id) FROM pgraft_get_nodes() WHERE voter', [
            ',',
          ]);
        const all = members.map((one) => one.id).join(',');
        await eventually(`${member.name} to know the voters ${all}`, seen, (ids) => ids === all, settled);
      }
      await server(id).shows({ role: 'standby', state: 'follower' }, settled);
      await group.write(await primary());
    };

  const led =
    (id: number): Promised =>
    async (rows) => {
      isTrue(rows);
      const known = await server(id).status();
      expect(known).toMatchObject({ leader_id: id, state: 'leader' });
      expect((await primary()).id).toBe(id);
    };

  /** What the page promises of each statement, in its order; a repeated one has one entry for each time. */
  const promises: readonly (readonly [sql: string, promise: Promised])[] = [
    [
      'SELECT pgraft_init',
      async (rows) => {
        isTrue(rows);
        await (await primary()).query('CREATE TABLE kept (id int PRIMARY KEY)');
      },
    ],
    ["SELECT pgraft_set_config('cluster_name'", isTrue],
    [
      'SELECT pgraft_is_leader() AS is_leader',
      (rows) => {
        expect(rows).toEqual([{ is_leader: true, current_term: 1, quorum_ready: true }]);
      },
    ],
    [
      'SELECT * FROM pgraft_get_nodes',
      (rows) => {
        expect(rows).toMatchObject([
          { node_id: 1, address: server(1).hostname, port: 7001, is_leader: true, name: 'primary', state: 'leader' },
        ]);
      },
    ],
    [
      'SELECT * FROM pgraft_get_cluster_status',
      (rows) => {
        expect(rows).toMatchObject([
          {
            node_id: 1,
            current_term: 1,
            leader_id: 1,
            state: 'leader',
            num_nodes: 1,
            cluster_name: 'production-cluster',
          },
        ]);
        expect(rows[0]?.['commit_index']).toBeGreaterThan(0);
        expect(rows[0]?.['last_applied']).toBe(rows[0]?.['commit_index']);
      },
    ],
    ['SELECT pgraft_add_node(2', added(2)],
    ['SELECT pgraft_add_node(3', added(3)],
    [
      'SELECT node_id,\nstate,\nmatch_index',
      (rows) => {
        expect(rows.map(({ node_id, state }) => [node_id, state])).toEqual([
          [1, 'leader'],
          [2, 'follower'],
          [3, 'follower'],
        ]);
        for (const { match_index, commit_index } of rows)
          expect(match_index).toBeGreaterThanOrEqual(Number(commit_index));
      },
    ],
    [
      'SELECT pgraft_remove_node(3)',
      async (rows) => {
        isTrue(rows);
        members = [server(1), server(2)];
        await server(3).shows({ state: 'unavailable', num_nodes: 0, role: 'waiting' }, settled);
        const receivers = () => server(3).value('SELECT count(*) FROM pg_stat_wal_receiver');
        await eventually('the removed server to stop streaming', receivers, (count) => count === 0, settled);
      },
    ],
    [
      'SELECT pgraft_quorum_met() AS quorum_ok',
      (rows) => {
        expect(rows.map(({ quorum_ok }) => quorum_ok)).toEqual([true, true]);
      },
    ],
    [
      'SELECT * FROM pgraft_get_cluster_status',
      (rows) => {
        expect(rows).toMatchObject([{ num_nodes: 2, leader_id: 1, state: 'leader', quorum_met: true }]);
      },
    ],
    [
      'SELECT node_id,\nstate,\nlast_heartbeat_ms',
      (rows) => {
        expect(rows).toMatchObject([
          { node_id: 1, state: 'leader', last_heartbeat_ms: 0, replication_lag_bytes: 0 },
          { node_id: 2, state: 'follower' },
        ]);
        expect(rows[1]?.['last_heartbeat_ms']).toBeLessThan(1_000);
        expect(rows[1]?.['replication_lag_bytes']).toBeGreaterThanOrEqual(0);
      },
    ],
    [
      'SELECT * FROM pgraft_log_get_stats',
      (rows) => {
        expect(rows).toHaveLength(1);
        for (const column of [
          'log_size',
          'last_index',
          'commit_index',
          'last_applied',
          'replicated',
          'committed',
          'applied',
        ])
          expect(rows[0]?.[column], column).toBeGreaterThan(0);
        expect(rows[0]?.['errors']).toBe(0);
      },
    ],
    [
      'SELECT *\nFROM pgraft_get_events',
      (rows) => {
        expect(rows).toHaveLength(5);
        const times = rows.map(({ event_timestamp }) => (event_timestamp as Date).getTime());
        expect(times).toEqual([...times].sort((a, b) => b - a));
        expect(rows.map(({ event_type }) => event_type)).toContain('member_removed');
      },
    ],
    ['SELECT pgraft_transfer_leadership(2)', led(2)],
    [
      "SELECT pgraft_set_config('failover_enabled', 'false')",
      async (rows) => {
        isTrue(rows);
        for (const member of members) await member.shows({ failover_enabled: false }, settled);
      },
    ],
    [
      "SELECT pgraft_set_config('failover_enabled', 'true')",
      async (rows) => {
        isTrue(rows);
        for (const member of members) await member.shows({ failover_enabled: true }, settled);
      },
    ],
    ['SELECT pgraft_quorum_met()', isTrue],
    ['SELECT pgraft_transfer_leadership(2)', led(2)],
    [
      'SELECT pgraft_is_leader(), pgraft_get_leader()',
      (rows) => {
        expect(rows).toEqual([{ pgraft_is_leader: true, pgraft_get_leader: '2' }]);
      },
    ],
    ["SELECT pgraft_set_config('failover_enabled', 'true')", isTrue],
    [
      'SELECT pgraft_transfer_leadership()',
      async (rows) => {
        isTrue(rows);
        const others = [server(1), server(3)];
        const leading = async () =>
          (await Promise.all(others.map((one) => one.status()))).some(({ writable }) => writable);
        await eventually('another server to lead', leading, (leads) => leads, settled);
      },
    ],
    [
      'SELECT replication_lag_bytes from pgraft_get_nodes()',
      async () => {
        const lag = async () =>
          (await (await primary()).query<Row>('SELECT replication_lag_bytes from pgraft_get_nodes()')).rows.map(
            ({ replication_lag_bytes }) => replication_lag_bytes,
          );
        await eventually('no lag on any server', lag, (bytes) => bytes.every((count) => count === 0), settled);
      },
    ],
  ];

  it('has as many statements as promises here', () => {
    expect(statements.map(({ sql }) => sql)).toHaveLength(promises.length);
  });

  for (const [index, [beginning, promise]] of promises.entries()) {
    const statement = statements[index];
    it(`${statement?.place ?? ''}: ${statement?.sql.replaceAll('\n', ' ') ?? ''}`, async () => {
      if (statement === undefined) throw new Error('the page has fewer statements');
      expect(statement.sql.startsWith(beginning), `${statement.sql} begins with ${beginning}`).toBe(true);
      // the drill begins on its first server, as somebody who reads only that section would
      if (statement.psql && beginning.includes('transfer') && (await primary()).id === 2) {
        await (await primary()).query('SELECT pgraft_transfer_leadership(1)');
        await server(1).shows({ writable: true }, settled);
      }
      await promise(await run(statement));
    });
  }

  it('has lost no row on any member', async () => {
    for (const member of members) {
      const rows = () => member.value('SELECT count(*) FROM kept');
      await eventually(`both rows on ${member.name}`, rows, (count) => count === 2, settled);
    }
  });
});
