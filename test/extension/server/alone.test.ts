import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { raftState, ServerGroup, type Server } from './server-group.js';

const readOnly = '25006';
const notRecorded = '57P03';
const formed = 'Raft group of one member formed';

describe('a server without an initial cluster', () => {
  let group: ServerGroup;
  const server = () => group.primary;

  beforeAll(async () => {
    group = await ServerGroup.create(['primary']);
    server().configure();
    await group.initialize();
  });
  afterAll(() => {
    group.remove();
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });

  it('waits in recovery for pgraft_init()', async () => {
    await server().logs('no Raft state and no formation token: waiting for pgraft_init()');
    expect(await server().status()).toMatchObject({
      ...{ state: 'unavailable', current_term: 0, leader_id: 0, num_nodes: 0, quorum_met: false },
      ...{ role: 'waiting', writable: false },
    });
    expect((await server().query('SELECT * FROM pgraft_get_nodes()')).rows).toEqual([]);
    expect(await server().value('SELECT pg_is_in_recovery()')).toBe(true);
  });

  it('forms a group of itself with it, and accepts writes', async () => {
    expect(await server().value('SELECT pgraft_init()')).toBe(true);
    const status = await server().shows({ state: 'leader', writable: true, synchronous_in_force: true }, 5_000);
    expect(status).toMatchObject({ leader_id: 1, num_nodes: 1, quorum_met: true, promotion_timeline: 2 });
    expect((await server().query('SELECT node_id, is_leader, state FROM pgraft_get_nodes()')).rows).toEqual([
      { node_id: 1, is_leader: true, state: 'leader' },
    ]);
    await server().query('CREATE TABLE kept (id int PRIMARY KEY)');
    await group.write();
  });

  it('R11: needs nobody to confirm its commits', async () => {
    expect(await server().value('SHOW synchronous_standby_names')).toBe('');
  });

  it.each([
    ['pgraft_remove_node(1)', 'node 1 is the only voter', 'Add another one first.'],
    [
      'pgraft_transfer_leadership()',
      'no other voter could take over: none answers, streams and has caught up',
      'Look at pgraft_get_nodes().',
    ],
  ])('%s is refused: there is nobody else', async (call, message, hint) => {
    await expect(server().query(`SELECT ${call}`)).rejects.toMatchObject({ code: '55000', message, hint });
    expect(await server().status()).toMatchObject({ state: 'leader', writable: true, num_nodes: 1 });
  });

  it('says true again, and forms no second group', async () => {
    expect(await server().value('SELECT pgraft_init()')).toBe(true);
    expect(server().log().split(formed)).toHaveLength(2);
  });

  it('begins a new term at each start, so that it can promote in it', async () => {
    docker(['restart', server().hostname]);
    const wanted = { current_term: 2, promotion_term: 2, promotion_timeline: 3, writable: true };
    await server().shows(wanted, 10_000);
    await group.everyRowThere(1_000);
  });

  it('R4: never forms again once it has lost its Raft state, waits to be added, and says so', async () => {
    const pid = server().workerPid('consensus');
    server().exec(['sh', '-c', `rm -r ${raftState}/raft ${raftState}/formed && kill -TERM ${pid}`]);
    await server().logs('must not form one by itself: it waits to be added to one');
    await server().shows({ state: 'unavailable', leader_id: 0, num_nodes: 0, writable: false }, 10_000);
    expect(await server().value('SELECT pg_is_in_recovery()')).toBe(true);
    expect(server().log().split(formed)).toHaveLength(2);
    expect(server().attempt(['sh', '-c', `ls ${raftState}/raft/*`]).status).not.toBe(0);
  });
});

describe('node 1 of three', () => {
  let group: ServerGroup;
  let standby: Server;

  beforeAll(async () => {
    group = await ServerGroup.create(['primary', 'replica1', 'replica2']);
    standby = group.servers[1] as Server;
    for (const server of group.servers) group.configure(server);
    await group.initialize();
  });
  afterAll(() => {
    group.remove();
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });

  it('alone, asks for votes in vain and stays in recovery', async () => {
    await group.primary.shows({ state: 'candidate', current_term: 0, num_nodes: 3, quorum_met: false }, 5_000);
    expect(await group.primary.status()).toMatchObject({ role: 'waiting', writable: false, promotion_term: null });
    expect(await group.primary.value('SELECT pg_is_in_recovery()')).toBe(true);
    await expect(group.primary.query('CREATE TABLE t ()')).rejects.toMatchObject({ code: readOnly });
  });

  it('with one other, is the primary, and that one confirms its commits', async () => {
    group.clone(standby);
    await group.primary.shows({ state: 'leader', writable: true, promotion_term: 1 }, 15_000);
    await standby.shows({ role: 'standby' }, 5_000);
    await group.primary.query('CREATE TABLE kept (id int PRIMARY KEY)');
    await group.write();
    expect(await standby.value('SELECT count(*) FROM kept')).toBe(1);
  });

  it('gone, leaves the other one without a leader and in recovery', async () => {
    group.primary.removeContainer();
    await standby.shows({ leader_id: 0, quorum_met: false }, 5_000);
    expect(await standby.value('SELECT pg_is_in_recovery()')).toBe(true);
  });

  it('R1: a promotion by hand, which nobody recorded, can commit nothing', async () => {
    expect(await standby.value('SELECT pg_promote()')).toBe(true);
    expect(await standby.value('SELECT pg_is_in_recovery()')).toBe(false);
    await expect(standby.query('INSERT INTO kept VALUES (-1)')).rejects.toMatchObject({
      code: notRecorded,
      message: expect.stringContaining('does not accept commits') as string,
    });
    await eventually(
      'the refused row gone',
      () => standby.value('SELECT count(*) FROM kept'),
      (rows) => rows === 1,
      1_000,
    );
    expect(await standby.status()).toMatchObject({ writable: false });
  });
});
