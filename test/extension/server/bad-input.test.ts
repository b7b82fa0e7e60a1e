/** What the functions that change the cluster refuse: with SQLSTATE, message and hint, and nothing changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { ServerGroup, type Server } from './server-group.js';

const invalid = '22023';
const nullNotAllowed = '22004';
const undefinedObject = '42704';
const duplicate = '42710';
const wrongState = '55000';
const cannotConnectNow = '57P03';
const canceled = '57014';

/** Longer than a server that is to be added may take to answer. */
const addDeadline = 15_000;

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

type Row = readonly [call: string, refusal: Refusal];

const ids = "Node ids are 1 to 9; each server's is its pgraft.node_id.";
const port = "Give the port of the server's pgraft.advertise_address, 1 to 65535.";
const host =
  'Give the host name or IPv4 address at which the other members reach the server, for example ' + "'10.0.0.12'.";
const excerpt = (letter: string) => `${letter.repeat(80)}...`;

const nullRefused = (call: string, argument: string): Row => [
  call,
  { code: nullNotAllowed, message: `${argument} must not be NULL`, hint: 'Give every argument a value.' },
];
const idRefused = (call: string, id: number): Row => [
  call,
  { code: invalid, message: `node id ${id} is out of range`, hint: ids },
];
const portRefused = (number: number): Row => [
  `pgraft_add_node(4, 'nobody', ${number})`,
  { code: invalid, message: `port ${number} is out of range`, hint: port },
];
const addressRefused = (sql: string, shown: string): Row => [
  `pgraft_add_node(4, ${sql}, 7004)`,
  { code: invalid, message: `invalid address: "${shown}"`, hint: host },
];
const valueRefused = (key: string, sql: string, shown: string, hint: string): Row => [
  `pgraft_set_config('${key}', ${sql})`,
  { code: invalid, message: `invalid value for "${key}": "${shown}"`, hint },
];

/** Refused by the server that was asked, whoever leads. */
const refusedHere: readonly Row[] = [
  nullRefused("pgraft_set_config(NULL, 'x')", 'key'),
  nullRefused("pgraft_set_config('cluster_name', NULL)", 'value'),
  nullRefused("pgraft_add_node(NULL, 'nobody', 7004)", 'node_id'),
  nullRefused('pgraft_add_node(4, NULL, 7004)', 'address'),
  nullRefused("pgraft_add_node(4, 'nobody', NULL)", 'port'),
  nullRefused('pgraft_remove_node(NULL)', 'node_id'),
  [
    "pgraft_set_config('colour', 'red')",
    {
      code: undefinedObject,
      message: 'unrecognized cluster setting "colour"',
      hint: 'The settings are cluster_name and failover_enabled.',
    },
  ],
  valueRefused('cluster_name', "''", '', 'A cluster name has 1 to 255 bytes, and this has 0.'),
  valueRefused(
    'cluster_name',
    "repeat('x', 10240)",
    excerpt('x'),
    'A cluster name has 1 to 255 bytes, and this has 10240.',
  ),
  valueRefused('cluster_name', String.raw`E'a\nb'`, 'a\nb', 'A cluster name has no control characters.'),
  valueRefused('failover_enabled', "'maybe'", 'maybe', 'It is true or false.'),
  ...[0, -1, 10, 2_147_483_647].flatMap((id) => [
    idRefused(`pgraft_add_node(${id}, 'nobody', 7004)`, id),
    idRefused(`pgraft_remove_node(${id})`, id),
    idRefused(`pgraft_transfer_leadership(${id})`, id),
  ]),
  ...[0, -1, 65_536].map(portRefused),
  addressRefused("''", ''),
  addressRefused("repeat('a', 300)", excerpt('a')),
  addressRefused("'two words'", 'two words'),
  addressRefused("'nobody '", 'nobody '),
  addressRefused("'nobody:7004'", 'nobody:7004'),
  addressRefused("'::1'", '::1'),
];

describe('bad input', () => {
  let group: ServerGroup;
  let before: unknown;
  let pids: readonly string[];

  const follower = () => group.standbys[0] as Server;

  /** What a refused call must leave alone. */
  async function present(server: Server): Promise<unknown> {
    const config = await server.query('SELECT * FROM pgraft_get_config()');
    const nodes = await server.query('SELECT node_id, address, port, voter FROM pgraft_get_nodes() ORDER BY node_id');
    const { current_term, leader_id } = await server.status();
    const worker = await server.value('SELECT pgraft_get_worker_state()');
    return { config: config.rows, nodes: nodes.rows, current_term, leader_id, worker };
  }

  const workers = () => group.servers.flatMap((server) => [server.workerPid('consensus'), server.workerPid('role')]);

  async function isRefused(server: Server, call: string, refusal: Refusal): Promise<void> {
    await expect(server.query(`SELECT ${call}`, [], undefined, addDeadline)).rejects.toMatchObject(refusal);
  }

  beforeAll(async () => {
    group = await ServerGroup.create(['primary', 'replica1', 'replica2']);
    await group.form();
    before = await present(group.primary);
    pids = workers();
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });
  afterAll(() => {
    group.remove();
  });

  describe.each([
    ['the leader', () => group.primary],
    ['a follower', follower],
  ])('on %s', (_, server) => {
    it.each(refusedHere)('%s', async (call, refusal) => {
      await isRefused(server(), call, refusal);
      expect(await present(server())).toEqual(before);
    });

    it('an id in use', async () => {
      await isRefused(server(), "pgraft_add_node(2, 'nobody', 7004)", {
        code: duplicate,
        message: `node 2 is a member already, at ${follower().hostname}:7002`,
        hint: 'Look at pgraft_get_nodes().',
      });
    });

    it("a member's address, also one's own", async () => {
      for (const { id, hostname, raftPort } of group.servers)
        await isRefused(server(), `pgraft_add_node(4, '${hostname}', ${raftPort})`, {
          code: duplicate,
          message: `${hostname}:${raftPort} is the address of node ${id}`,
          hint: 'Look at pgraft_get_nodes().',
        });
    });

    it('an address that nothing answers at', async () => {
      await expect(
        server().query("SELECT pgraft_add_node(4, 'nobody.invalid', 7004)", [], undefined, addDeadline),
      ).rejects.toMatchObject({
        code: wrongState,
        message:
          'node 4 at nobody.invalid:7004 cannot be asked whether it may be added: its host name does not resolve',
        hint: "Check its address, pgraft.node_id and the cluster's key.",
      });
    });

    it.each(['pgraft_remove_node(4)', 'pgraft_transfer_leadership(4)'])('%s of an unknown id', async (call) => {
      await isRefused(server(), call, {
        code: undefinedObject,
        message: 'there is no member 4',
        hint: 'Look at pgraft_get_nodes().',
      });
    });

    it('a transfer to the leader itself', async () => {
      await isRefused(server(), 'pgraft_transfer_leadership(1)', {
        code: invalid,
        message: 'node 1 leads already',
        hint: 'Name another member, or none.',
      });
    });

    it('has left everything as it was', async () => {
      expect(await present(server())).toEqual(before);
    });
  });

  it('leaves the workers alive', () => {
    expect(workers()).toEqual(pids);
  });

  /** A server whose configuration does not have pgraft in shared_preload_libraries. */
  it('without shared_preload_libraries, every function says so', () => {
    const directory = '/tmp/without-pgraft';
    const functions = group.primary
      .sql(
        "SELECT p.oid::regproc FROM pg_proc p WHERE p.proname LIKE 'pgraft\\_%' AND p.proname <> 'pgraft_get_version'",
      )
      .split('\n');
    expect(functions).toHaveLength(15);
    const calls = functions.map((name) => {
      if (name === 'pgraft_add_node') return `${name}(4, 'nobody', 7004)`;
      if (name === 'pgraft_remove_node') return `${name}(4)`;
      if (name === 'pgraft_set_config') return `${name}('cluster_name', 'x')`;
      return `${name}()`;
    });
    const script = [
      `initdb -D ${directory} -U postgres >/dev/null`,
      `pg_ctl -D ${directory} -w -s -l /dev/null -o "-c listen_addresses= -c unix_socket_directories=/tmp" start`,
      'psql -XAtq -h /tmp -U postgres -c "CREATE EXTENSION pgraft" -c "SELECT pgraft_get_version()"',
      ...calls.map((call) => `psql -XAtq -h /tmp -U postgres -v VERBOSITY=verbose -c "SELECT * FROM ${call}" 2>&1`),
      `pg_ctl -D ${directory} -s -m immediate stop`,
      `rm -r ${directory}`,
    ].join('\n');
    const said = group.primary.exec(['sh'], script);
    expect(said).toMatch(/^1\.0$/m);
    const refused =
      /ERROR: {2}55000: pgraft is not running in this server\nHINT: {2}Add pgraft to shared_preload_libraries and restart\./g;
    expect(said.match(refused)).toHaveLength(calls.length);
  });

  it('a change that is not waited for any more is said to be possible still', () => {
    for (const { hostname } of group.standbys) docker(['pause', hostname]);
    try {
      const said = group.primary.attempt([
        ...['psql', '-XAtq', '-U', 'postgres', '-v', 'VERBOSITY=verbose', '-c', "SET statement_timeout = '200ms'"],
        ...['-c', "SELECT pgraft_set_config('cluster_name', 'perhaps')"],
      ]);
      expect(said.stderr).toMatch(/WARNING: {2}40003: nobody waits for the change of the cluster any more/);
      expect(said.stderr).toContain(`ERROR:  ${canceled}: canceling statement due to statement timeout`);
    } finally {
      for (const { hostname } of group.standbys) docker(['unpause', hostname]);
    }
  });

  it('no change without a majority', async () => {
    for (const { hostname } of group.standbys) docker(['kill', hostname]);
    await eventually(
      'no quorum',
      () => group.primary.value('SELECT pgraft_quorum_met()').catch(() => undefined),
      (met) => met === false,
      10_000,
    );
    const calls = ["pgraft_set_config('cluster_name', 'x')", 'pgraft_remove_node(3)', 'pgraft_transfer_leadership(2)'];
    for (const call of [...calls, "pgraft_add_node(4, 'nobody', 7004)"]) {
      const ask = () =>
        group.primary.query(`SELECT ${call}`, [], undefined, addDeadline).catch((error: unknown) => error as Refusal);
      // it stops to come back as a standby meanwhile
      const refused = (seen: Awaited<ReturnType<typeof ask>>) =>
        'code' in seen && seen.code === cannotConnectNow && /no leader|no majority/.test(seen.message);
      const refusal = await eventually(`${call} refused`, ask, refused, 15_000);
      expect(refusal).toMatchObject({ hint: expect.stringMatching(/./) as string });
    }
    const look = () => group.primary.value('SELECT pgraft_get_worker_state()').catch(() => undefined);
    await eventually('a worker that runs', look, (state) => state === 'running', 15_000);
  });
});
