import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { raftState, ServerGroup } from './server-group.js';

const stops = 'pgraft consensus stops: could not';
/** The user postgres of the image. */
const owner = 'uid=999,gid=999,mode=0700';

let group: ServerGroup;
const server = () => group.primary;

/** Raft's disk is a small one in memory, which a test can fill. */
beforeAll(async () => {
  group = await ServerGroup.create(['primary'], () => ['--tmpfs', `${raftState}:size=16m,${owner}`]);
  server().configure();
  await group.initialize();
  await server().value('SELECT pgraft_init()');
  await group.healthy(10_000);
  await server().query('CREATE TABLE kept (id int PRIMARY KEY)');
});
afterAll(() => {
  group.remove();
});
beforeEach(() => {
  group.showLogsOnFailure();
});

const spoil = async (how: string) => {
  await group.write();
  const logged = server().log().length;
  server().exec(['sh', '-c', how]);
  server().exec(['kill', '-TERM', server().workerPid('consensus')]);
  return logged;
};
const mend = async (how: string, logged: number) => {
  server().exec(['sh', '-c', how]);
  await server().shows({ state: 'leader', writable: true, synchronous_in_force: true }, 15_000);
  await group.write();
  await group.everyRowThere(1_000);
  expect(server().log().slice(logged)).not.toMatch(/PANIC|terminated by signal|core dumped/);
};

describe('a primary that cannot write what Raft has to keep stops being one, and comes back with the disk:', () => {
  it('no room: PostgreSQL waits for it', async () => {
    const logged = await spoil(`cat /dev/zero > ${raftState}/filler 2>/dev/null || true`);
    const state = () => server().exec(['pgraft-node', 'state']);
    await eventually('the entry point says why it waits', state, (text) => text.includes('cannot be written'), 15_000);
    expect(state()).toContain('phase=starting');
    await mend(`rm ${raftState}/filler`, logged);
  });

  it('a directory that cannot be written: PostgreSQL answers reads', async () => {
    const logged = await spoil(`chmod 0500 ${raftState}/raft`);

    // again and again, each time with exit status 1, which PostgreSQL answers by starting it anew
    const complaints = () => server().log().slice(logged).split(stops).length - 1;
    await eventually('three failed starts of the worker', complaints, (count) => count >= 3, 15_000);
    expect(await server().value('SELECT count(*) > 0 FROM kept')).toBe(true);
    expect(await server().value('SELECT pg_is_in_recovery()')).toBe(true);
    await mend(`chmod 0700 ${raftState}/raft`, logged);
  });
});
