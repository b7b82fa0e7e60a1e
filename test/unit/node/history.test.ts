import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

const data = `${volume}/17/main`;

/** Which of these history files (timeline number: lines) are still there afterwards. */
function kept(chain: readonly string[] | undefined, histories: Readonly<Record<string, readonly string[]>>): string[] {
  if (chain !== undefined) node.write(`${data}/pgraft.chain`, chain.join('\n'));
  node.write(`${data}/pg_wal/000000010000000000000001`, 'wal');
  for (const [timeline, lines] of Object.entries(histories)) {
    node.write(
      `${data}/pg_wal/${timeline}.history`,
      lines.map((line) => `${line}\tno recovery target specified\n`).join('\n'),
    );
  }
  const { status, stderr } = node.call('remove_foreign_histories "$1"', [`${node.root}/${data}`]);
  expect(status, stderr).toBe(0);
  expect(node.has(`${data}/pg_wal/000000010000000000000001`)).toBe(true);
  return Object.keys(histories).filter((timeline) => node.has(`${data}/pg_wal/${timeline}.history`));
}

describe('R1: a history file outside of the chain goes before every start', () => {
  it('keeps none before the first promotion', () => {
    expect(kept(undefined, { '00000002': ['1\t0/3000148'] })).toEqual([]);
  });

  it('keeps those whose every step the chain confirms', () => {
    const chain = ['# timeline term fork parent node', '2 1 0/3000148 1 1', '', '3 4 1/A0000028 2 3', ''];
    const histories = { '00000002': ['1\t0/3000148'], '00000003': ['1\t0/3000148', '2\t1/A0000028'] };
    expect(kept(chain, histories)).toEqual(['00000002', '00000003']);
  });

  it('removes a timeline of the same number that forked elsewhere', () => {
    expect(kept(['2 1 0/3000148 1 1'], { '00000002': ['1\t0/3000150'] })).toEqual([]);
  });

  it('removes a timeline of the same number that has another ancestor', () => {
    const chain = ['2 1 0/3000148 1 1', '4 3 0/5000000 2 2'];
    expect(kept(chain, { '00000004': ['1\t0/3000148', '3\t0/5000000'] })).toEqual([]);
  });

  it('removes one whose ancestor of the same number forked elsewhere', () => {
    const chain = ['2 1 0/3000148 1 1', '3 4 0/5000000 2 2'];
    expect(kept(chain, { '00000003': ['1\t0/3000000', '2\t0/5000000'] })).toEqual([]);
  });

  it('removes timelines that are not in the chain, and empty files', () => {
    const histories = { '00000002': ['1\t0/3000148'], '00000003': ['1\t0/3000148', '2\t0/5000000'] };
    expect(kept(['2 1 0/3000148 1 1'], histories)).toEqual(['00000002']);
    expect(kept(['2 1 0/3000148 1 1'], { '00000002': [] })).toEqual([]);
    const chain = ['2 1 0/3000148 1 1', '3 4 0/5000000 2 2'];
    expect(kept(chain, { '00000002': ['1\t0/3000148'], '00000003': [] })).toEqual(['00000002']);
  });

  it('takes a fork that the chain does not know yet as it comes', () => {
    expect(kept(['2 1 0/0 1 1'], { '00000002': ['1\t0/3000148'] })).toEqual(['00000002']);
  });

  it('reads timelines as the hexadecimal numbers that they are in file names', () => {
    expect(kept(['26 9 0/0 25 1'], { '0000001A': ['25\t0/3000148'], '00000026': ['25\t0/3000148'] })).toEqual([
      '0000001A',
    ]);
  });
});

describe('pgraft.chain', () => {
  const links = '2 1 0/3000148 1 1\n3 7 16/ABC 2 3\n4 9 0/0 3 1\n';
  const columns = '# timeline term fork_lsn parent_timeline node_id';
  /** As in test/extension/core/chain_file_test.c. */
  const whole = `${columns}, crc32 bfb037b4\n${links}`;

  it.each([
    ['as the server writes it', whole, ''],
    ['of an older version', `${columns}\n${links}`, ''],
    ['in which a digit was changed', whole.replace('16/ABC', '16/ABD'), 'is not as it was written'],
    ['whose checksum was changed', whole.replace('crc32 ', 'crc32 f'), 'is not as it was written'],
    ['that lacks its last line', whole.replace('4 9 0/0 3 1\n', ''), 'is not as it was written'],
    ['of an older version that was cut off in a number', `${columns}\n${links.slice(0, -1)}`, 'is cut off'],
    ['that is empty', '', 'is empty'],
    ['with a line that is none', `${columns}\n2 x\n`, "has a line that is none ('2 x'"],
  ])('%s', (_, text, damage) => {
    node.write(`${data}/pgraft.chain`, text);
    const { stdout } = node.call('chain_damage "$data_dir/pgraft.chain"');
    if (damage === '') expect(stdout).toBe('');
    else expect(stdout).toContain(damage);
  });
});
