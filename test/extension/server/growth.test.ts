/** A cluster of one server becomes one of two, and one again, while it is written to. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import { WriteLoad } from '../../support/write-load.js';
import { findLost, isAcknowledged, rangesQuery, type Range } from '../../support/write-record.js';
import { ServerGroup, type Server } from './server-group.js';
import { serving } from './serving.js';

const login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
const patience = { connect: 5_000, statement: 20_000 };
const changeDeadline = 30_000;
const warm = 200;
const names = 'SHOW synchronous_standby_names';

let group: ServerGroup;
let load: WriteLoad;

beforeAll(async () => {
  group = await ServerGroup.create(['primary', 'replica1']);
  group.primary.configure();
  await group.initialize();
  await group.primary.query('SELECT pgraft_init()');
  await group.primary.shows({ role: 'primary', writable: true }, 10_000);
  const [newcomer] = group.standbys as [Server];
  newcomer.configure();
  group.clone(newcomer);
  await newcomer.reaches({ phase: 'running' }, 30_000);
  const endpoints = group.servers.map(({ ports }) => ({ host: '127.0.0.1', port: ports.postgres }));
  load = await WriteLoad.begin({ endpoints, login, clients: 8, patience });
});
afterAll(async () => {
  await load.end();
  group.remove();
});
beforeEach(() => {
  group.showLogsOnFailure();
});

const goesOn = async () => {
  const already = load.acknowledged;
  const enough = (now: number) => now >= already + warm;
  await eventually(`${warm} more acknowledged writes`, () => load.acknowledged, enough, 20_000);
};
const change = async (text: string, values: readonly unknown[]) => {
  const { rows } = await group.primary.query<{ done: boolean }>(text, values, undefined, changeDeadline);
  expect(rows).toEqual([{ done: true }]);
};
const everyRowOn = async (server: Server) => {
  const acknowledged = load.writes.filter(isAcknowledged);
  const lost = async () => findLost(acknowledged, (await server.query<Range>(rangesQuery)).rows);
  await eventually(`every acknowledged row on ${server.name}`, lost, (rows) => rows.length === 0, 10_000);
};

it('asks the second server for each commit as soon as it is a voter, and no commit fails meanwhile', async () => {
  const [newcomer] = group.standbys as [Server];
  await goesOn();
  expect(await group.primary.value(names)).toBe('');
  await change('SELECT pgraft_add_node($1, $2, $3) AS done', [newcomer.id, newcomer.hostname, newcomer.raftPort]);
  await goesOn();
  expect(await group.primary.value(names)).toBe(`ANY 1 ("${newcomer.applicationName()}")`);
  expect((await serving(group, 20_000)).primary).toBe(group.primary);
  expect([...load.failures]).toEqual([]);
  await everyRowOn(newcomer);
});

it('asks nobody when the second server is removed, and drops its slot and its stream', async () => {
  const [removed] = group.standbys as [Server];
  await change('SELECT pgraft_remove_node($1) AS done', [removed.id]);
  await goesOn();
  expect(await group.primary.value(names)).toBe('');
  expect([...load.failures]).toEqual([]);
  const left = `SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_stat_replication)`;
  const looks = () => group.primary.value(left);
  await eventually('no slot and no stream to be left', looks, (count) => count === 0, 10_000);
  await removed.shows({ state: 'unavailable', role: 'waiting' }, 10_000);
  const slots = () => removed.value('SELECT count(*) FROM pg_replication_slots');
  await eventually('no slot to be left there', slots, (count) => count === 0, 5_000);
  await everyRowOn(group.primary);
});
