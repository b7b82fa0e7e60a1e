import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, setUp, tearDown } from './node-container.js';
import * as forked from './forked-nodes.js';
import { dataDir, source, target } from './forked-nodes.js';

let incarnation: string;
let lost: string;

beforeAll(async () => {
  setUp();
  await forked.setUpSource();
});
afterAll(() => {
  source.dispose();
  tearDown();
});
beforeEach(async () => {
  forked.answerAs({});
  forked.keepWal('256MB');
  ({ lost } = await forked.fork());
  incarnation = target.exec(['cat', `${dataDir}/pgraft.incarnation`]);
});
afterEach(() => {
  target.dispose();
});

/** What it has said since it was made. */
const has = (text: string): boolean => target.log().includes(text);

describe('R19: data that has forked is rewound', () => {
  it.each(['INT', 'KILL'] as const)('after the end of its primary by SIG%s', async (signal) => {
    forked.request('rewind');
    await forked.stopPostmaster(signal);
    await forked.expectRejoined(incarnation);
    expect(has('pg_rewind: Done!')).toBe(true);
    expect(forked.rejoinSays('how')).toBe('rewind');
    expect(has('automatic recovery in progress')).toBe(signal === 'KILL');
  });

  it('though the primary has recycled the WAL that replay begins with', async () => {
    target.dispose();
    await forked.fork(forked.longCheckpoint);
    forked.keepWal('0');
    incarnation = target.exec(['cat', `${dataDir}/pgraft.incarnation`]);
    forked.request('rewind');
    await forked.stopPostmaster('KILL');
    await forked.expectRejoined(incarnation);
    expect(has('pg_rewind: Done!')).toBe(true);
    expect(forked.rejoinSays('how')).toBe('rewind');
    const label = target.exec(['cat', `${dataDir}/backup_label.old`]);
    const [begin = '', record = ''] = [...label.matchAll(/LOCATION: ([^ \n]+)/g)].map(([, lsn]) => lsn);
    const size = 'pg_size_bytes(current_setting($$wal_segment_size$$))';
    expect(target.sql(`SELECT '${record}'::pg_lsn - '${begin}' > 2 * ${size}`)).toBe('t');
  });

  it('when it ran as a standby on its own history again', async () => {
    await forked.stopPostmaster('KILL', 'database system is ready to accept read-only connections');
    await target.reaches({ phase: 'running' });
    expect(forked.rowsOf(target)).toContain(lost);
    forked.request('rewind');
    await forked.stopPostmaster('INT');
    await forked.expectRejoined(incarnation);
    expect(has('pg_rewind: Done!')).toBe(true);
  });

  it('and cloned when pg_rewind was interrupted', async () => {
    forked.request('rewind', { state: 'working' });
    forked.whileAway(`rm ${dataDir}/pgraft.incarnation ${dataDir}/pg_xact/0000`);
    await forked.start();
    await forked.expectRejoined(incarnation);
    expect(forked.rejoinSays('how')).toBe('clone');
    expect(has('pg_rewind: Done!')).toBe(false);
  });

  it('and cloned when its WAL does not go back to the fork', async () => {
    forked.request('rewind');
    forked.whileAway(`rm ${dataDir}/pg_wal/*.history`);
    await forked.start();
    await forked.expectRejoined(incarnation);
    expect(forked.rejoinSays('how')).toBe('clone');
  });
});

describe('docker stop of a primary', () => {
  it('makes a checkpoint first, which the others still get', () => {
    docker(['stop', target.hostname]);
    expect(target.log()).toMatch(
      /checkpoint starting: immediate force wait[^]*checkpoint complete[^]*received fast shutdown request/,
    );
  });
});

describe('data that cannot follow is cloned', () => {
  it('and exchanged when the copy is whole', async () => {
    forked.request('clone');
    await forked.stopPostmaster('INT');
    await forked.expectRejoined(incarnation);
    expect(forked.rejoinSays('until')).toBe(
      target.sql(`SELECT least('${forked.rejoinSays('until')}', pg_last_wal_replay_lsn())`),
    );
  });

  const moved = 'cd 17; cp -a main main.new; printf other >main.new/pgraft.incarnation';
  it.each([
    ['in the midst of the copy', 'requested', 'cd 17; mkdir main.new; echo 17 >main.new/PG_VERSION'],
    ['before the exchange', 'working', 'cd 17; mkdir main.new'],
  ])('again when it was interrupted %s', async (_, state, change) => {
    forked.request('clone', { state });
    forked.whileAway(change);
    await forked.start();
    await forked.expectRejoined(incarnation);
  });

  it.each([
    ['its first rename', `${moved}; mv main main.old`],
    ['its second rename', `${moved}; mv main main.old; mv main.new main`],
  ])('and the exchange is finished when it was interrupted after %s', async (_, change) => {
    forked.request('clone', { state: 'working' });
    forked.whileAway(change);
    await forked.start();
    await target.reaches({ phase: 'running', incarnation: 'match' }, 20_000);
    expect(forked.rowsOf(target)).toContain(lost); // what stood for the copy here
    expect(forked.rejoinSays('state')).toBe('done');
    expect(target.exec(['ls', '17'])).toBe('main\n');
  });
});

describe('R7: without a confirmed primary', () => {
  it.each([
    ['an older term', { term: 0 }],
    ['no lease', { writable: false }],
  ])('the data stays, and is started again after 10 s: %s', async (_, answer) => {
    forked.answerAs(answer);
    forked.request('rewind');
    await forked.stopPostmaster('INT');
    const before = forked.sums();
    const { message } = await target.reaches({ phase: 'rejoining' });
    expect(message).toMatch(
      /^(PostgreSQL was stopped|begins to rewind|looks for the confirmed primary of term 1 or newer)/,
    );
    expect(forked.sums()).toBe(before);
    await target.reaches({ phase: 'running' }, 20_000);
    expect(forked.rowsOf(target)).toContain(lost);
    expect(forked.rejoinSays('state')).toBe('none');
    expect(target.sql('SELECT pg_is_in_recovery()')).toBe('t');
  });

  it('half rewound data waits for it, and is not started', async () => {
    forked.answerAs({ term: 0 });
    forked.request('rewind', { state: 'working' });
    forked.whileAway(`rm ${dataDir}/pg_xact/0000`);
    await forked.start();
    await target.reaches({
      phase: 'rejoining',
      message: 'the data is not whole and must not be started: waits for the confirmed primary of term 1 or newer',
    });
    expect(target.attempt(['pgrep', '-x', 'postgres']).status).toBe(1);
    forked.answerAs({});
    await forked.expectRejoined(incarnation);
  });
});

describe('a data directory of another cluster', () => {
  it('is refused, and not overwritten', async () => {
    forked.request('clone');
    forked.whileAway('echo 42 >cluster/system_identifier');
    await forked.start();
    const { message } = await target.reaches({ phase: 'refused' });
    expect(message).toMatch(/is of another cluster \(system identifier \d+, not 42\); it was not touched/);
    expect(target.attempt(['pgrep', '-x', 'postgres']).status).toBe(1);
  });
});
