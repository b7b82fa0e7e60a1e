import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

const data = `${volume}/17/main`;
const wal = `${data}/pg_wal`;
const rejoin = `${volume}/pgraft/rejoin`;

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
  node.wholeNode();
  node.write(`${data}/pgraft.chain`, '# comment\n2 1 0/3000148 1 1\n3 6 0/4800000 2 1\n');
  node.write(`${wal}/00000002.history`, '1\t0/3000148\tno reason\n');
  node.write(`${wal}/00000003.history`, '1\t0/3000148\tno reason\n2\t0/4800000\tno reason\n');
});
afterEach(() => {
  node.dispose();
});

const call = (statement: string) => {
  const result = node.call(statement, [`${node.root}/${data}`], { PGRAFT_NODE_ID: '1' });
  expect(result.status, result.stderr).toBe(0);
  return result;
};

describe('a timeline that was promoted by hand (R17)', () => {
  const promote = (timeline: string, history: string) => {
    node.write(`${wal}/${timeline}.history`, history);
    node.write(`${wal}/${timeline}0000000000000005`, '');
  };

  it('has the data cloned anew, with what it was worth up to there as a witness (R3)', () => {
    promote('00000004', '1\t0/3000148\tno reason\n2\t0/4800000\tno reason\n3\t0/5000160\tno recovery target\n');
    call('discard_hand_made "$1"');
    const text = node.read(rejoin);
    expect(text).toContain('how clone\nstate working\ndata incomplete\n');
    expect(text).toContain('end 0/5000160\nlink 2 1 0/3000148 1 1\nlink 3 6 0/4800000 2 1\n');
    expect(node.call('rejoin_pending').status).toBe(0);
  });

  it('is one also when the server had never followed a promotion', () => {
    node.remove(`${data}/pgraft.chain`);
    node.remove(`${wal}/00000002.history`);
    node.remove(`${wal}/00000003.history`);
    promote('00000002', '1\t0/2000100\tno recovery target\n');
    call('discard_hand_made "$1"');
    expect(node.read(rejoin)).toMatch(/end 0\/2000100\n$/);
  });

  it('does not overwrite what an earlier rejoin has left', () => {
    promote('00000004', '3\t0/5000160\tno reason\n');
    node.write(rejoin, 'state done\n');
    call('discard_hand_made "$1"');
    expect(node.read(rejoin)).toBe('state done\n');
  });

  it('stops the start when it does not say where it left the history of the cluster', () => {
    promote('00000009', '7\t0/5000160\tno reason\n');
    const { status, stderr } = node.call('discard_hand_made "$1"', [`${node.root}/${data}`]);
    expect(status).toBe(1);
    expect(stderr).toContain('00000009');
    expect(node.has(rejoin)).toBe(false);
  });

  it('is none without WAL of its own: a history file alone is only removed', () => {
    node.write(`${wal}/00000004.history`, '3\t0/5000160\tno reason\n');
    call('discard_hand_made "$1"');
    expect(node.has(rejoin)).toBe(false);
  });

  it('is none when the chain knows it', () => {
    node.write(`${wal}/000000030000000000000004`, '');
    call('discard_hand_made "$1"');
    expect(node.has(rejoin)).toBe(false);
  });
});

describe('the segment of a fork that is there twice (R2)', () => {
  const newer = `${wal}/000000030000000000000004`;
  const older = `${wal}/000000020000000000000004`;

  const records = (inNewer: string, inOlder: string) => {
    node.write(newer, '');
    node.write(older, '');
    node.program(
      'pg_waldump',
      `case "\${!#}" in
        *00000003*) last=${inNewer} ;;
        *) last=${inOlder} ;;
      esac
      if [[ "$1" == --start ]]; then [[ "$last" > "$2" ]]; exit; fi
      [[ "$last" == - ]] || echo "rmgr: Heap len (rec/tot): 54/54, tx: 740, lsn: $last, prev 0/4000028, desc: INSERT"
      echo 'pg_waldump: error: error in WAL record' >&2
      exit 1`,
    );
  };

  it.each([
    ['has less than the older one', '0/4000500', '0/47FFF80', false],
    ['has nothing yet', '-', '0/47FFF80', false],
    ['reaches past the fork', '0/4800100', '0/47FFF80', true],
    ['has more than the older one, though not all up to the fork', '0/4000500', '0/4000100', true],
  ])('loses the newer one that %s, and no other', (_what, inNewer, inOlder, kept) => {
    records(inNewer, inOlder);
    call('remove_partial_segments "$1"');
    expect(node.has(newer)).toBe(kept);
    expect(node.has(older)).toBe(true);
  });

  it('is left alone when it is there once', () => {
    node.write(newer, '');
    call('remove_partial_segments "$1"');
    expect(node.has(newer)).toBe(true);
  });

  it('is no matter for a server without a chain', () => {
    node.remove(`${data}/pgraft.chain`);
    call('remove_partial_segments "$1"');
  });
});
