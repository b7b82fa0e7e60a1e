/** R21: a primary whose pg_wal is nearly full hands leadership over before it would panic. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import { WriteLoad } from '../../support/write-load.js';
import { findLost, isAcknowledged, rangesQuery, type Range } from '../../support/write-record.js';
import { ServerGroup, type Server } from './server-group.js';
import { serving } from './serving.js';

const disk = '/var/lib/postgresql/17';
/** Nodes 1 and 2 have their data on a small disk in memory, which a test can fill. */
const smallDisk = (id: number) => (id === 3 ? [] : ['--tmpfs', `${disk}:size=1g,uid=999,gid=999,mode=0700`]);
const login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
const warm = 40;

let group: ServerGroup;

beforeAll(async () => {
  group = await ServerGroup.create(['primary', 'replica1', 'replica2'], (_, { id }) => smallDisk(id));
  await group.form();
});
afterAll(() => {
  group.remove();
});
beforeEach(() => {
  group.showLogsOnFailure();
});

const fill = (server: Server, megabytesLeft: number) => {
  const script = `free=$(df --output=avail --block-size=1M ${disk} | tail -n 1) && exec fallocate --length $((free - ${megabytesLeft}))M ${disk}/filler`;
  server.exec(['sh', '-c', script]);
};

it('R21: leadership goes to a server that has room, no write is lost, and nothing panics', async () => {
  const [first, second, third] = group.servers as [Server, Server, Server];
  const endpoints = group.servers.map(({ ports }) => ({ host: '127.0.0.1', port: ports.postgres }));
  const load = await WriteLoad.begin({ endpoints, login, clients: 4 });
  const goesOn = async () => {
    const already = load.acknowledged;
    const enough = (now: number) => now >= already + warm;
    await eventually(`${warm} more acknowledged writes`, () => load.acknowledged, enough, 20_000);
  };
  try {
    await goesOn();
    fill(second, 40);
    await second.logs('the file system of pg_wal has little room left');
    await goesOn();
    expect((await serving(group, 10_000)).primary).toBe(first);

    fill(first, 40);
    await first.logs(`leadership is to go to node ${third.id}`);
    await third.shows({ role: 'primary', writable: true }, 10_000);
    await goesOn();
  } finally {
    await load.end();
  }
  for (const server of [first, second]) server.exec(['rm', `${disk}/filler`]);
  expect((await serving(group, 60_000)).primary).toBe(third);
  const { rows } = await third.query<Range>(rangesQuery);
  expect(findLost(load.writes.filter(isAcknowledged), rows)).toEqual([]);
  expect(group.servers.map((server) => server.log()).join('')).not.toMatch(/PANIC|No space left/);
});
