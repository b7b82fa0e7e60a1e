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

describe('a disk error of Raft stops the worker, not the server, which recovers with the disk', () => {
  it.each([
    ['no room', `cat /dev/zero > ${raftState}/filler 2>/dev/null || true`, `rm ${raftState}/filler`],
    ['a directory that cannot be written', `chmod 0500 ${raftState}/raft`, `chmod 0700 ${raftState}/raft`],
  ])('%s', async (_, spoil, mend) => {
    await group.write();
    const postmaster = server().postmasterPid();
    const logged = server().log().length;
    server().exec(['sh', '-c', spoil]);
    server().exec(['kill', '-TERM', server().workerPid('consensus')]);

    // again and again, each time with exit status 1, which PostgreSQL answers by starting it anew
    const complaints = () => server().log().slice(logged).split(stops).length - 1;
    await eventually('three failed starts of the worker', complaints, (count) => count >= 3, 15_000);
    expect(await server().value('SELECT count(*) > 0 FROM kept')).toBe(true);
    expect(server().postmasterPid()).toBe(postmaster);

    server().exec(['sh', '-c', mend]);
    await server().shows({ state: 'leader', writable: true, synchronous_in_force: true }, 5_000);
    await group.write();
    await group.everyRowThere(1_000);
    expect(server().postmasterPid()).toBe(postmaster);
    expect(server().log().slice(logged)).not.toMatch(/PANIC|terminated by signal|core dumped/);
  });
});
