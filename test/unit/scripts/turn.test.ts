import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../../../setup/lock.mjs';
import { openTurns, whyHopeless } from '../../../scripts/kit/turn.js';

const dead = { pid: 2 ** 22 + 1, started: '1' };
const two = { node: 2, container: 'pgraft-replica1', what: 'is replaced' };
const three = { node: 3, container: 'pgraft-replica2', what: 'is replaced' };

describe('the turn', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-turn-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const open = (owner = ownerOf(process.pid)) => openTurns('pgraft', owner, directory);

  it('is had by one server at a time, and told to the others', () => {
    expect(open().take(two, 60_000)).toBeUndefined();
    expect(open().take(three, 60_000)).toMatchObject({ ...two, pid: process.pid });
    expect(open().holder()).toMatchObject(two);
  });

  it('outlives the hook that took it, and is ended by that server’s own only', () => {
    open().take(two, 60_000);
    open().pass(3);
    expect(open().holder()?.node).toBe(2);
    open().pass(2);
    expect(open().holder()).toBeUndefined();
    expect(open().take(three, 60_000)).toBeUndefined();
  });

  it('is taken over from a dead run, whatever that left in it', () => {
    open(dead).take(two, 60_000);
    open(dead).note(2, { failed: 'it does not start' });
    expect(open().holder()).toBeUndefined();
    expect(open().take(three, 60_000)).toBeUndefined();
    expect(open().holder()).toMatchObject({ ...three, pid: process.pid });
  });

  it('of a dead run ends with the Check of that server, too', () => {
    open(dead).take(two, 60_000);
    open().pass(2);
    expect(open().holder()).toBeUndefined();
  });

  it('takes notes from its own server only', () => {
    open().take(two, 1_000);
    open().note(3, { failed: 'no' });
    open().note(2, { what: 'is started', limit: 3_600_000 });
    expect(open().holder()).toMatchObject({ node: 2, what: 'is started' });
    expect(open().holder()?.failed).toBeUndefined();
    expect(open().holder()?.until).toBeGreaterThan(Date.now() + 3_500_000);
  });

  it('is worth waiting for until it has failed or is long over', () => {
    const turn = { ...two, ...dead, until: 100_000 };
    expect(whyHopeless(turn, 100_000)).toBeUndefined();
    expect(whyHopeless(turn, 131_000)).toContain('pgraft-replica1 is replaced since long');
    expect(whyHopeless({ ...turn, failed: 'it does not start' }, 0)).toContain('failed: it does not start');
  });
});
