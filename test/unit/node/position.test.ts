import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

const data = `${volume}/17/main`;

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
  node.wholeNode();
  // the records of the files that are named; then it ends with an error, as the real one does
  node.program('pg_waldump', 'cat "$@"; echo "error in WAL record" >&2; exit 1');
});
afterEach(() => {
  node.dispose();
});

const record = (lsn: string, length: number, what = 'INSERT') =>
  `rmgr: Heap        len (rec/tot):     ${length}/${String(length).padStart(6)}, tx:        733, lsn: ${lsn}, prev 0/01, desc: ${what} off 1\n`;
const wal = (segment: string, lines: string) => {
  node.write(`${data}/pg_wal/${segment}`, lines);
};
const position = (): Record<string, string> =>
  Object.fromEntries(
    node
      .command(['position'])
      .stdout.trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );

describe('the end of a record', () => {
  it.each([
    ['within a page', record('0/01000028', 54), '0/1000060'],
    ['that fills a page to its end', record('0/01001FC8', 56), '0/1002000'],
    ['that goes on behind the header of the next page', record('0/01001FC8', 57), '0/1002020'],
    ['that goes on behind the longer header of the next segment', record('0/01FFFFF8', 16), '0/2000030'],
    ['over three pages', record('0/01001FF8', 8 + 8168 + 8), '0/1004020'],
    ['that is a switch of the segment', record('0/01000028', 24, 'SWITCH'), '0/2000000'],
  ])('%s is where the next one begins', (_, line, end) => {
    const { stdout } = node.call('read_segment_size /x && end_of_record "$1"', [line]);
    const [high = 0, low = 0] = end.split('/').map((part) => Number.parseInt(part, 16));
    expect(Number(stdout)).toBe(high * 2 ** 32 + low);
  });

  it.each([
    ['that goes on behind the longer header of the next segment', record('0/013FFFF8', 16), 0x1400030],
    ['that is a switch of the segment', record('0/01000028', 24, 'SWITCH'), 0x1400000],
  ])('%s, is also where the next one begins with segments of 4 MB', (_, line, end) => {
    node.controlFile(4 * 1024 * 1024);
    expect(Number(node.call('read_segment_size /x && end_of_record "$1"', [line]).stdout)).toBe(end);
  });

  it('is 0 for what is no record', () => {
    expect(node.call('end_of_record ""').stdout).toBe('0');
  });
});

describe('R1, R2: the position of data', () => {
  it('is in the newest timeline that there is WAL of, with the term of its promotion', () => {
    node.write(`${data}/pgraft.chain`, '2 1 0/1000148 1 1\n3 6 0/2000000 2 1\n');
    wal('000000020000000000000001', record('0/01FFFF00', 54));
    wal('000000030000000000000002', record('0/02000028', 54));
    wal('000000030000000000000003', '');
    expect(position()).toEqual({
      data: 'whole',
      term: '6',
      lsn: '0/2000060',
      witness_term: '0',
      witness_lsn: '',
      raft_term: '6',
    });
  });

  it('counts a promotion only with WAL of its own, and the WAL before up to the fork', () => {
    node.write(`${data}/pgraft.chain`, '2 1 0/1000148 1 1\n3 6 0/1000400 2 1\n');
    wal('000000020000000000000001', record('0/01000500', 54));
    wal('000000030000000000000001', record('0/01000200', 54));
    expect(position()).toMatchObject({ term: '1', lsn: '0/1000400', raft_term: '6' });
  });

  it('is behind a last record that goes on in the next segment', () => {
    wal('0000000100000000000000FF', record('0/FFFFFFF8', 40));
    wal('000000010000000100000000', '');
    expect(position()).toMatchObject({ term: '0', lsn: '1/48' });
  });

  it.each([
    [16, '0000000100000000000000FF', '000000010000000100000000'],
    [4, '0000000100000000000000FF', '000000010000000000000100'],
    [4, '0000000A00000001000003FF', '0000000A0000000200000000'],
  ])('knows the next segment of %i MB', (megabytes, name, next) => {
    node.controlFile(megabytes * 1024 * 1024);
    expect(node.call(`read_segment_size /x && segment_after /x/${name}`).stdout).toBe(`/x/${next}`);
  });

  it.each([
    [16, '2/47FFF80', '000000030000000200000004'],
    [4, '2/47FFF80', '000000030000000200000011'],
  ])('knows the segment of %i MB that a position is in', (megabytes, lsn, name) => {
    node.controlFile(megabytes * 1024 * 1024);
    const path = `read_segment_size /x && segment_file path /d 3 ${lsn} && printf %s "$path"`;
    expect(node.call(path).stdout).toBe(`/d/pg_wal/${name}`);
  });

  it('is not told when the control file cannot be read', () => {
    node.program('pg_controldata', 'exit 1');
    expect(position()).toMatchObject({ data: 'doubtful', lsn: '' });
  });

  it('is of term 0 before any promotion', () => {
    wal('000000010000000000000001', record('0/01000028', 54));
    expect(position()).toMatchObject({ term: '0', lsn: '0/1000060' });
  });

  it('is not told of data that may not be started', () => {
    node.write(`${volume}/pgraft/rejoin`, 'how often\n');
    expect(position()).toMatchObject({ data: 'doubtful', lsn: '' });
    node.remove(data);
    expect(position()).toMatchObject({ data: 'none', lsn: '' });
  });

  describe('R3: that was rewound or cloned', () => {
    const rejoin = (state: string, whole: string, end = '0/4000100') => {
      const head = `how rewind\nstate ${state}\ndata ${whole}\nnode 2\nhost host2\nport 5432\nterm 7\nuntil 0/5000000\nend ${end}\n`;
      node.write(`${volume}/pgraft/rejoin`, `${head}link 2 1 0/3000148 1 1\nlink 3 6 0/4000000 2 1\n`);
    };
    beforeEach(() => {
      wal('000000010000000000000001', record('0/01000028', 54));
    });

    it.each([
      ['done', 'whole'],
      ['done', 'incomplete'],
      ['requested', 'incomplete'],
    ])('is incomplete until it has reached the primary (%s, %s), and has the old position beside', (state, whole) => {
      rejoin(state, whole);
      expect(position()).toMatchObject({
        data: 'incomplete',
        lsn: '0/1000060',
        witness_term: '6',
        witness_lsn: '0/4000100',
      });
    });

    it('had only those promotions that it had WAL of', () => {
      rejoin('done', 'whole', '0/4000000');
      expect(position()).toMatchObject({ witness_term: '1', witness_lsn: '0/4000000' });
    });

    it('is whole while that was only asked for', () => {
      rejoin('requested', 'whole');
      expect(position()).toMatchObject({ data: 'whole', witness_term: '0', witness_lsn: '' });
    });
  });
});
