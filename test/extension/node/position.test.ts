import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { NodeContainer, setUp, tearDown } from './node-container.js';

let node: NodeContainer;

beforeAll(async () => {
  setUp();
  node = new NodeContainer('primary', 1);
  node.create();
  await node.reaches({ phase: 'waiting' });
  node.configure();
  node.exec(['pgraft-node', 'initialize']);
  await node.reaches({ phase: 'running' }, 60_000);
  node.sql('SELECT pgraft_init()');
  const writable = () => node.sql('SELECT writable FROM pgraft_get_cluster_status()');
  await eventually('it to accept commits', writable, (seen) => seen === 't', 30_000);
});
afterAll(() => {
  node.dispose();
  tearDown();
});

/** What the entry point reads from the disk, and what PostgreSQL says, once nothing is written between the two. */
async function expectSame(): Promise<void> {
  const look = () => {
    const flushed = node.sql('SELECT pg_current_wal_flush_lsn()');
    const position = node.exec(['pgraft-node', 'position']);
    return { position, flushed, after: node.sql('SELECT pg_current_wal_flush_lsn()') };
  };
  const { position, flushed } = await eventually(
    'nothing to be written',
    look,
    (seen) => seen.flushed === seen.after,
    30_000,
  );
  expect(position).toContain(`data=whole\nterm=1\nlsn=${flushed}\n`);
}

describe('R1, R2: the position that is read from the disk is where PostgreSQL has flushed to', () => {
  it('beside segments that were made for later', async () => {
    await expectSame();
  });

  it('at the beginning of a segment', async () => {
    node.sql('CHECKPOINT');
    node.sql('SELECT pg_switch_wal()');
    await expectSame();
  });

  it.each([7, 700, 7000, 70_000])('behind a record of %i random bytes', async (size) => {
    node.sql(`SELECT pg_logical_emit_message(false, 'test', repeat('x', ${size}), true)`);
    await expectSame();
  });

  it('behind a record that begins in one segment and ends in the next', async () => {
    const size = 'pg_size_bytes(current_setting($$wal_segment_size$$))';
    const toEnd = `${size} - mod(pg_current_wal_insert_lsn() - $$0/0$$::pg_lsn, ${size})`;
    node.sql(`SELECT pg_logical_emit_message(false, 'test', repeat('x', (${toEnd})::int + 20000), true)`);
    await expectSame();
  });
});
