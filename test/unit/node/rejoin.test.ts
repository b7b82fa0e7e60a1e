import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crashStride, data, incarnation, ownSystem, rejoinFile, RejoiningNode } from './rejoining-node.js';
import { volume } from './node-shell.js';

/** Each run of the loop starts some hundred processes. */
vi.setConfig({ testTimeout: 60_000 });

let node: RejoiningNode;
beforeEach(() => {
  node = new RejoiningNode();
});
afterEach(() => {
  node.dispose();
});

function run(options: Parameters<RejoiningNode['run']>[0] = {}): string {
  const { status, stdout, stderr } = node.run(options);
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

/** The new data is in place, as a standby of the same incarnation, and nothing else is left. */
function expectDone(): void {
  expect(node.started()).toBe('new');
  expect(node.rejoin()).toMatchObject({ state: 'done', end: '0/4000100' });
  expect(node.read(`${data}/pgraft.incarnation`)).toBe(`${incarnation}\n`);
  for (const left of ['main.old', 'main.new', 'main.wal']) expect(node.has(`${volume}/17/${left}`), left).toBe(false);
}

describe('a rewind', () => {
  beforeEach(() => {
    node.request('rewind');
  });

  it('R19: recovers without standby.signal, rewinds, and starts as a standby of the same incarnation', () => {
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['recovery', 'pg_rewind']);
  });

  it('needs no recovery after the clean end of a primary', () => {
    node.write(`${data}/state`, 'shut down');
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['pg_rewind']);
  });

  it('recovers after a clean end in recovery, whose pages may be newer than what was replayed', () => {
    node.write(`${data}/state`, 'shut down in recovery');
    node.primary('host2');
    run();
    expect(node.ran).toEqual(['recovery', 'pg_rewind']);
  });

  it.each([
    ['fails', 'pg_rewind: fatal: no common ancestor', '1'],
    ['finds nothing to do', 'pg_rewind: no rewind required', '0'],
  ])('becomes a clone when pg_rewind %s', (_, says, status) => {
    node.write('rewind.says', says);
    node.write('rewind.status', status);
    node.primary('host2');
    run();
    expectDone();
    expect(node.rejoin()).toMatchObject({ how: 'clone' });
    expect(node.ran).toEqual(['recovery', 'pg_rewind', 'pg_basebackup']);
  });

  it('becomes a clone when its own WAL cannot be recovered', () => {
    node.program('postgres', '[[ "$1" != --single ]] || exit 1; cat "$2/rows" >"$PGRAFT_ROOT/started"');
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['pg_basebackup']);
  });

  it.each([
    ['has', '0'],
    ['has not', '1'],
  ])('asks the primary for a checkpoint, and goes on when it %s made one', (_, status) => {
    node.write('checkpoint.status', status);
    node.primary('host2');
    run();
    expectDone();
    expect(node.read('checkpoint')).toBe('asked\n');
    expect(node.ran).toEqual(['recovery', 'pg_rewind']);
  });

  const segment = (number: number): string => `00000001000000000000000${number}`;
  const wal = (number: number): string => `${data}/pg_wal/${segment(number)}`;

  it('puts back the WAL that replay begins with and pg_rewind removed, and no other', () => {
    for (const number of [1, 2, 3, 5]) node.write(wal(number), `segment ${number}`);
    node.label('0/2000028', '0/4000060');
    node.write('rewind.removes', [1, 2, 3, 5].map(segment).join(' '));
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['recovery', 'pg_rewind']);
    expect([1, 2, 3, 4, 5].filter((number) => node.has(wal(number)))).toEqual([2, 3, 4]);
    expect(node.read(wal(2))).toBe('segment 2');
    expect(node.has(`${volume}/17/main.wal`)).toBe(false);
  });

  it('finds that WAL whatever the size of a segment', () => {
    const small = (number: number) => `${data}/pg_wal/0000000100000001000003F${number}`;
    node.write(`${data}/segment`, String(4 * 1024 * 1024));
    for (const number of [8, 9]) node.write(small(number), `segment ${number}`);
    node.label('1/FE400028', '1/FE800060');
    node.write('rewind.removes', [8, 9].map((number) => small(number).slice(-24)).join(' '));
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['recovery', 'pg_rewind']);
    expect([8, 9].filter((number) => node.has(small(number)))).toEqual([9]);
  });

  it.each([
    [
      'the WAL that replay begins with is gone',
      'START WAL LOCATION: 0/2000028 (file 2)\nCHECKPOINT LOCATION: 0/4000060\n',
    ],
    ['it does not say where replay begins', 'CHECKPOINT LOCATION: 0/4000060\n'],
  ])('becomes a clone when %s', (_, label) => {
    node.write(wal(3), 'segment 3');
    node.write('label', label);
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['recovery', 'pg_rewind', 'pg_basebackup']);
  });

  it('that was interrupted becomes a clone', () => {
    node.request('rewind', { state: 'working' });
    node.write(`${data}/half`, 'half');
    node.primary('host2');
    run();
    expectDone();
    expect(node.ran).toEqual(['pg_basebackup']);
  });
});

describe('R3: what the role worker finds in the file afterwards', () => {
  const after = (): Record<string, string> => {
    run();
    return node.rejoin();
  };

  it('is the old position as it was, every link of it', () => {
    node.request('clone');
    node.primary('host2');
    run();
    expect(node.read(rejoinFile)).toMatch(/\nend 0\/4000100\nlink 2 1 0\/3000148 1 1\nlink 3 6 0\/4000000 2 1\n$/);
  });

  it("is the primary's flush position of now, when that is further", () => {
    node.request('clone');
    node.primary('host2', { flush: 'A/10' });
    expect(after()).toMatchObject({ until: 'A/10', term: '7' });
  });

  it('is the wanted position, when that is further', () => {
    node.request('clone', { until: '10/0' });
    node.primary('host2', { flush: '9/FFFFFFFF' });
    expect(after()).toMatchObject({ until: '10/0' });
  });

  it('is the position of another primary of a newer term, even if less', () => {
    node.request('clone', { until: '10/0' });
    node.primary('host3', { term: 9, node: 3, flush: '9/0' });
    expect(after()).toMatchObject({ until: '9/0', term: '9', node: '3', host: 'host3', port: '5433' });
  });
});

describe('R7: the primary', () => {
  const whole = 'no confirmed primary answered for 0 s, so the data was left as it is';

  it.each(['rewind', 'clone'] as const)(
    'that does not answer leaves the data untouched, and it is started: %s',
    (how) => {
      node.request(how);
      node.write(`${volume}/17/main.new/rows`, 'of an attempt before');
      run({ searchMs: 0 });
      expect(node.started()).toBe('old');
      expect(node.has(rejoinFile)).toBe(false);
      expect(node.has(`${volume}/17/main.new`)).toBe(false);
      expect(node.ran).toEqual([]);
    },
  );

  it('that does not answer leaves the witness of data that an earlier rejoin has not completed (R3)', () => {
    node.request('clone', { data: 'incomplete' });
    run({ searchMs: 0 });
    expect(node.started()).toBe('old');
    expect(node.rejoin()).toMatchObject({ state: 'done', data: 'incomplete', end: '0/4000100' });
  });

  it('is found among the members when the role worker knows of none', () => {
    node.request('clone', { node: '0', host: '-', port: '0', term: '0' });
    node.primary('host3', { node: 3 });
    run();
    expectDone();
    expect(node.rejoin()).toMatchObject({ term: '7', node: '3', host: 'host3', port: '5433' });
  });

  it('is missed in the message', () => {
    node.request('clone');
    node.program(
      'postgres',
      'cp "$PGRAFT_ROOT/var/run/postgresql/pgraft-node.phase" "$PGRAFT_ROOT/started"; exec sleep 60',
    );
    run({ searchMs: 0, until: whole });
  });

  it('of an older term is none', () => {
    node.request('clone');
    node.primary('host2', { term: 6 });
    run({ searchMs: 0 });
    expect(node.started()).toBe('old');
  });

  it.each([
    ['an error', 'ERROR: no'],
    ['two rows', '7 2 1 0/1\n7 3 1 0/1'],
    ['nothing', ''],
  ])('that answers with %s is none', (_, answer) => {
    node.request('clone');
    node.write('primaries/host2', answer);
    run({ searchMs: 0 });
    expect(node.started()).toBe('old');
  });

  it.each([
    ['a full disk', 'No space left on device', 'No space left on device: make room on its disk'],
    ['anything else', 'Connection reset by peer', 'Connection reset by peer'],
  ])('cannot be copied for %s: both is said, also while the next attempt runs', (_, error, shown) => {
    const says = `pg_basebackup: error: could not write to file "main.new/1": ${error}`;
    const runs = 'echo ran >>"$PGRAFT_ROOT/attempts"; [[ $(wc -l <"$PGRAFT_ROOT/attempts") -lt 2 ]] || exec sleep 60';
    node.program('pg_basebackup', `${runs}\necho '${says}' >&2; echo 'pg_basebackup: removing main.new' >&2; exit 1`);
    node.request('clone');
    node.primary('host2');
    const problem = `could not write to file "main.new/1": ${shown}`;
    const failed = run({ until: 'failed' });
    expect(failed).toBe(`copying the data of host2:5432 failed (${problem}); it is tried again`);
    expect(run({ until: 'copies' })).toBe(`copies the data of host2:5432, again (${problem}), primary of term 7`);
  });

  it('of the newest term wins, and this server itself is not asked', () => {
    node.request('clone');
    node.primary('host1', { term: 99, node: 1 });
    node.primary('host2', { term: 7 });
    node.primary('host3', { term: 10, node: 3 });
    run();
    expect(node.rejoin()).toMatchObject({ term: '10', host: 'host3' });
  });

  it('is found under the name in the request without a list of members', () => {
    node.request('clone');
    node.remove(`${volume}/pgraft/members`);
    node.primary('host2');
    run();
    expectDone();
  });

  it('is asked for again before the data is exchanged: the copy of a deposed one is thrown away', () => {
    node.request('clone');
    node.primary('host2');
    node.write('after.copy', `8 3 ${ownSystem} 0/7000000\n`);
    run();
    expectDone();
    expect(node.ran).toEqual(['pg_basebackup', 'pg_basebackup']);
    expect(node.rejoin()).toMatchObject({ term: '8', node: '3', until: '0/7000000' });
  });

  it('R1: of a newer term is no source of a rewind that was chosen for an older one: the data is started untouched', () => {
    node.request('rewind');
    node.primary('host3', { term: 8, node: 3 });
    run();
    expect(node.started()).toBe('old');
    expect(node.has(rejoinFile)).toBe(false);
    expect(node.ran).toEqual([]);
  });

  it('R1: that is followed by a newer one during the recovery is cloned from', () => {
    node.request('rewind');
    node.primary('host2');
    node.write('after.recovery', `8 3 ${ownSystem} 0/7000000\n`);
    run();
    expectDone();
    expect(node.rejoin()).toMatchObject({ how: 'clone', term: '8', node: '3' });
    expect(node.ran).toEqual(['recovery', 'pg_basebackup']);
  });

  it('is awaited for ever when the data is half rewound, and the server is not started', () => {
    node.request('rewind', { state: 'working' });
    node.write(`${data}/pgraft.incarnation`, 'of the primary\n');
    run({ searchMs: 0, until: 'must not be started: waits for the confirmed primary of term 7 or newer$' });
    expect(node.started()).toBeUndefined();
    expect(node.state()).toMatchObject({ phase: 'rejoining', data: 'present', incarnation: 'match' });
    node.primary('host3', { node: 3 });
    run();
    expectDone();
  });

  it('of another cluster is refused, and nothing is overwritten', () => {
    node.request('rewind');
    node.primary('host2', { system: '42' });
    expect(run({ until: 'different clusters' })).toContain(
      `system identifier ${ownSystem}, the primary at host2:5432 has 42`,
    );
    expect(node.state()).toMatchObject({ phase: 'refused' });
    expect(node.started()).toBeUndefined();
    expect(node.ran).toEqual([]);
    expect(node.read(`${data}/rows`)).toBe('old\n');
  });
});

describe('S7: whatever it dies of, and whenever', () => {
  it.each(['rewind', 'clone'] as const)(
    'a %s is finished or left alone, and no half data is started',
    (how) => {
      let crashes = 0;
      for (let crashAt = 1; ; crashAt += crashStride) {
        node.dispose();
        node = new RejoiningNode();
        node.request(how);
        node.primary('host2');
        const { status, stderr } = node.run({ crashAt });
        if (status === 0) break;
        expect(status, stderr).toBe(137);
        crashes += 1;
        const point = `dead before step ${crashAt}`;
        if (node.started() !== undefined) {
          expect(node.started(), point).toBe('new');
          continue;
        }
        node.noPrimary();
        run({ searchMs: 0, until: 'must not be started|PostgreSQL ended' });
        if (node.started() === 'old') {
          expect(node.has(rejoinFile), point).toBe(false);
          continue;
        }
        if (node.started() === undefined) {
          expect(node.state(), point).toMatchObject({ phase: 'rejoining', data: 'present', incarnation: 'match' });
        }
        node.primary('host2');
        run();
        expectDone();
      }
      expectDone();
      expect(crashes).toBeGreaterThan(20 / crashStride);
    },
    180_000,
  );
});

describe('a file that the role worker did not write', () => {
  it.each([
    ['a line that is none', 'how often\n'],
    ['no lines', ''],
    ['a link that is none', 'link 1 2 3\n'],
  ])('has %s: nothing is started or touched without a primary to copy from', (_, text) => {
    node.write(rejoinFile, text);
    expect(run({ until: 'is unknown' })).toMatch(/pgraft\/rejoin has .*: waits for a confirmed primary/);
    expect(node.state()).toMatchObject({ phase: 'waiting', lost: 'yes' });
    expect(node.read(`${data}/rows`)).toBe('old\n');
  });

  it('lacks a line: it is named', () => {
    node.request('clone');
    node.write(rejoinFile, node.read(rejoinFile).replace(/^until.*\n/m, ''));
    expect(run({ until: 'is unknown' })).toContain("no line 'until'");
  });
});

describe('data of another cluster', () => {
  it('is not started and not touched', () => {
    node.write(`${data}/system`, '42');
    expect(run({ until: 'another cluster' })).toContain(`(system identifier 42, not ${ownSystem}); it was not touched`);
    expect(node.state()).toMatchObject({ phase: 'refused' });
    expect(node.started()).toBeUndefined();
  });

  it('is told by what the first start has kept', () => {
    node.remove(`${volume}/cluster/system_identifier`);
    run();
    expect(node.started()).toBe('old');
    expect(node.read(`${volume}/cluster/system_identifier`)).toMatch(new RegExp(`^${ownSystem}\n\\d+ 19\n$`));
  });

  it('is not begun in a volume whose data is lost', () => {
    node.call('rm -rf "$data_dir" "$raft_dir"');
    const { status, stderr } = node.command(['initialize']);
    expect(status).toBe(1);
    expect(stderr).toContain(`had data of the cluster with system identifier ${ownSystem}, and it is lost`);
  });
});
