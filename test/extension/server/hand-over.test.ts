/** Leadership goes to the server that it was asked to go to, without a lost row, or everything stays as it was. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, happensWithin } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import { WriteLoad } from '../../support/write-load.js';
import { findLost, isAcknowledged, rangesQuery, type Range } from '../../support/write-record.js';
import { ServerGroup, type MoreOptions, type Server } from './server-group.js';
import { serving } from './serving.js';
import { StoppedReceivers } from './stopped-receivers.js';

const notCommitted = 'this server does not accept commits';
const login = { user: 'postgres', password: secrets.superuser_password, database: 'postgres' };
/** Longer than commits wait when a hand-over comes to nothing. */
const patience = { connect: 5_000, statement: 10_000 };
const transfer = 'SELECT pgraft_transfer_leadership($1)';
const atTheGate = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgraftHandOver'";
const atTheStandbys = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
const clients = 4;
const warm = 40;
const rounds = 4;

let group: ServerGroup;
let load: WriteLoad;

/** Longer than PostgreSQL takes to start again under the sanitizers, whoever else computes. */
const patientElections: MoreOptions = () => [
  '--env',
  "PGRAFT_POSTGRES_SETTINGS=shared_buffers = '32MB'\npgraft.election_timeout = '10s'",
];

const formed = (names: readonly string[], options?: MoreOptions) => {
  beforeAll(async () => {
    group = await ServerGroup.create(names, options);
    await group.form();
  });
  afterAll(() => {
    group.remove();
  });
};
beforeEach(() => {
  group.showLogsOnFailure();
});

const begin = async () => {
  const endpoints = group.servers.map(({ ports }) => ({ host: '127.0.0.1', port: ports.postgres }));
  load = await WriteLoad.begin({ endpoints, login, clients, patience });
};
const goesOn = async () => {
  const already = load.acknowledged;
  await eventually(
    `${warm} more acknowledged writes`,
    () => load.acknowledged,
    (now) => now >= already + warm,
    20_000,
  );
};
const nothingLost = async (primary: Server) => {
  await load.end();
  const { rows } = await primary.query<Range>(rangesQuery);
  expect(findLost(load.writes.filter(isAcknowledged), rows)).toEqual([]);
};

/** Nothing was on its disk that the others did not have. */
const comesBackAsItWas = (server: Server) => {
  expect(server.log()).toContain('it no longer leads the term of its promotion');
  expect(server.log()).not.toContain('has to be rewound');
};

describe('pgraft_transfer_leadership() under a write load', () => {
  formed(['primary', 'replica1', 'replica2']);

  it(`hands over to the server that is named ${rounds} times of ${rounds}, and no acknowledged row is lost`, async () => {
    await begin();
    for (let round = 0; round < rounds; round += 1) {
      await goesOn();
      const { primary, standbys } = await serving(group, 30_000);
      const target = standbys[round % 2] as Server;
      const refused = load.failures.get(notCommitted) ?? 0;
      expect(await primary.value(transfer, [target.id])).toBe(true);
      await happensWithin(`${target.name} to accept commits`, 2_000, async () => (await target.status()).writable);
      await goesOn();
      expect((await serving(group, 30_000)).primary).toBe(target);
      comesBackAsItWas(primary);
      // they waited at the gate, and were told that nothing of them was written
      expect(load.failures.get(notCommitted)).toBeGreaterThan(refused);
    }
    await nothingLost((await serving(group, 30_000)).primary);
  });

  it('acknowledges the commits that have passed the gate first, and those that came later were not made', async () => {
    const { primary, standbys } = await serving(group, 30_000);
    const [target] = standbys as [Server];
    await primary.query('CREATE TABLE gate (entry int)');
    const insert = 'INSERT INTO gate VALUES ($1)';
    const one = (what: string, count: string) =>
      eventually(
        what,
        () => primary.value(count),
        (seen) => seen === 1,
        2_000,
      );
    const receivers = StoppedReceivers.at(standbys);
    try {
      const passed = primary.query(insert, [1]).then(() => 'acknowledged', String);
      await one('a commit to wait for a standby', atTheStandbys);
      const said = primary.log().length;
      const transferred = primary.value(transfer, [target.id]).catch(String);
      await primary.logs(`leadership is handed over to node ${target.id}: commits wait meanwhile`, said);
      const later = expect(primary.query(insert, [2])).rejects.toMatchObject({
        code: '57P03',
        message: notCommitted,
        detail: expect.stringContaining('The transaction was not committed') as string,
      });
      await one('a commit to wait at the gate', atTheGate);
      receivers.resume();
      expect([await passed, await transferred]).toEqual(['acknowledged', true]);
      await later;
    } finally {
      receivers.resume();
    }
    const after = await serving(group, 30_000);
    expect(after.primary).toBe(target);
    expect((await target.query('SELECT entry FROM gate')).rows).toEqual([{ entry: 1 }]);
  });

  it('is given up when the server that is named does not get the newest WAL, and no commit fails', async () => {
    await begin();
    await goesOn();
    const { primary, standbys } = await serving(group, 30_000);
    const { current_term } = await primary.status();
    const [target] = standbys as [Server];
    const receivers = StoppedReceivers.at([target]);
    try {
      const refused = expect(primary.value(transfer, [target.id])).rejects.toMatchObject({ code: '55000' });
      await eventually(
        'every client to wait at the gate',
        () => primary.value(atTheGate),
        (count) => count === clients,
        2_000,
      );
      await refused;
      await primary.logs(`is not handed over to node ${target.id}: it did not get the newest WAL in time`);
    } finally {
      receivers.resume();
    }
    await goesOn();
    expect((await serving(group, 30_000)).primary).toBe(primary);
    expect((await primary.status()).current_term).toBe(current_term);
    expect([...load.failures]).toEqual([]);
    await nothingLost(primary);
  });
});

describe('pgraft_transfer_leadership() of two servers, where each is needed for the other to be promoted', () => {
  // the new leader has no majority until the old primary is back: if that takes longer than the election timeout, either may lead next
  formed(['primary', 'replica1'], patientElections);

  it(`hands over ${rounds} times of ${rounds} under a write load, and no acknowledged row is lost`, async () => {
    await begin();
    for (let round = 0; round < rounds; round += 1) {
      await goesOn();
      const { primary, standbys } = await serving(group, 30_000);
      const [target] = standbys as [Server];
      expect(await primary.value(transfer, [target.id])).toBe(true);
      await goesOn();
      expect((await serving(group, 30_000)).primary).toBe(target);
      comesBackAsItWas(primary);
    }
    await nothingLost((await serving(group, 30_000)).primary);
  });
});
