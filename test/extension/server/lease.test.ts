import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { happensWithin } from '../../support/eventually.js';
import { RecordedSession } from './recorded-session.js';
import { ServerGroup } from './server-group.js';

const notAccepted = '57P03';
const electionTimeout = 1_000;

describe('a primary, here the only server, whose consensus worker stands still', () => {
  let group: ServerGroup;
  let worker: string;
  const server = () => group.primary;

  beforeAll(async () => {
    group = await ServerGroup.create(['primary']);
    server().configure();
    await group.initialize();
    await server().query('SELECT pgraft_init()');
    await server().shows({ role: 'primary', writable: true }, 10_000);
    await server().query('CREATE TABLE kept (id serial PRIMARY KEY)');
    worker = server().workerPid('consensus');
  });
  afterAll(() => {
    server().attempt(['kill', '-CONT', worker]);
    group.remove();
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });

  it('R15: refuses commits when its lease has run out, also in a session that waits for nobody', async () => {
    const session = await RecordedSession.open(server());
    await session.simple('SET synchronous_commit = off');
    server().exec(['kill', '-STOP', worker]);
    const refused = async () =>
      session.simple('INSERT INTO kept DEFAULT VALUES').then(
        () => undefined,
        (error: unknown) => error,
      );
    const { value } = await happensWithin('a commit to be refused', 2 * electionTimeout, refused);
    expect(value).toMatchObject({
      code: notAccepted,
      message: 'this server does not accept commits',
      detail: expect.stringContaining('its lease has run out') as string,
    });
    await session.end();
  });

  it('accepts commits again when the worker goes on', async () => {
    server().exec(['kill', '-CONT', worker]);
    await server().shows({ role: 'primary', writable: true }, 10_000);
    await server().query('INSERT INTO kept DEFAULT VALUES');
  });
});
