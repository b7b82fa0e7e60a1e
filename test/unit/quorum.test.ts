import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { majority, quorumState, synchronousCount, toleratedFailures } from '../../constructs/quorum.js';

const voters = fc.integer({ min: 1, max: 9 });

describe('quorum', () => {
  it.each([
    [1, 1, 0, 0],
    [2, 2, 1, 0],
    [3, 2, 1, 1],
    [4, 3, 2, 1],
    [5, 3, 2, 2],
    [9, 5, 4, 4],
  ])('%i voters: majority %i, synchronous %i, tolerated %i', (count, needed, synchronous, tolerated) => {
    expect([majority(count), synchronousCount(count), toleratedFailures(count)]).toEqual([
      needed,
      synchronous,
      tolerated,
    ]);
  });

  it('two majorities always share a server', () => {
    fc.assert(fc.property(voters, (count) => 2 * majority(count) > count));
  });

  it('an acknowledged commit is on a majority: the primary and those that confirm', () => {
    fc.assert(fc.property(voters, (count) => synchronousCount(count) + 1 >= majority(count)));
  });

  it('a majority is left exactly while no more than the tolerated number is down', () => {
    fc.assert(
      fc.property(voters, fc.array(fc.integer({ min: 1, max: 12 })), (count, down) => {
        const ids = Array.from({ length: count }, (_, index) => index + 1);
        const missing = new Set(down.filter((id) => id <= count)).size;
        const state = quorumState(ids, down);
        expect(state.up).toBe(count - missing);
        expect(state.writable).toBe(missing <= toleratedFailures(count));
        expect(state.spare).toBe(Math.max(0, toleratedFailures(count) - missing));
      }),
    );
  });

  it.each([
    [[], '3 of 3 servers up: a majority, and 1 more may fail'],
    [[2], '2 of 3 servers up: a majority, but no further server may fail'],
    [[2, 3], '1 of 3 servers up: no majority (2), writes wait until 1 more come back'],
  ])('with %j of three down it says what that means', (down, meaning) => {
    expect(quorumState([1, 2, 3], down).meaning).toBe(meaning);
  });

  it('of nobody is not writable', () => {
    expect(quorumState([], []).writable).toBe(false);
  });
});
