import { describe, expect, it } from 'vitest';
import {
  findDuplicated,
  findInvented,
  findLost,
  findStale,
  longestGap,
  type Acknowledged,
} from '../../support/write-record.js';

const write = (id: number, sent: number, acknowledged: number, promotion = 1): Acknowledged => ({
  ...{ id, client: 1, started: 0, server: 1 },
  ...{ sent, acknowledged, promotion },
});
const range = (first: number, last: number, rows = last - first + 1) => ({ first, last, rows });
const ids = (writes: readonly { id: number }[]) => writes.map(({ id }) => id);

describe('an acknowledged write', () => {
  const acknowledged = [5, 1, 3, 9].map((id) => write(id, id, id + 1));

  it.each([
    ['is there', [range(1, 3), range(5, 9)], []],
    ['is there, whatever the order of the ranges', [range(5, 9), range(1, 3)], []],
    ['is lost between two ranges', [range(1, 4), range(6, 9)], [5]],
    ['is lost before the first and after the last', [range(3, 5)], [1, 9]],
    ['is lost with everything else', [], [1, 3, 5, 9]],
  ])('%s', (_, present, lost) => {
    expect(ids(findLost(acknowledged, present))).toEqual(lost);
  });

  it('must not be there twice, nor be one that nobody sent', () => {
    const present = [range(1, 3), range(5, 9, 6)];
    expect(findDuplicated(present)).toEqual([range(5, 9, 6)]);
    expect(findInvented(present, 9)).toEqual([]);
    expect(findInvented(present, 8)).toEqual([range(5, 9, 6)]);
  });
});

describe('an acknowledgement under an older promotion', () => {
  it('is stale when its write was sent after one under a newer promotion was acknowledged', () => {
    const newer = write(2, 10, 20, 7);
    expect(findStale([newer, write(3, 21, 22, 3)])).toEqual([{ write: write(3, 21, 22, 3), newer }]);
  });

  it.each([
    ['was sent before that', [write(2, 10, 20, 7), write(3, 19, 30, 3)]],
    ['was sent at the same moment', [write(2, 10, 20, 7), write(3, 20, 30, 3)]],
    ['is under the same promotion', [write(2, 10, 20, 7), write(3, 21, 30, 7)]],
    ['is under a newer one', [write(2, 10, 20, 3), write(3, 21, 30, 7)]],
  ])('is right when its write %s', (_, writes) => {
    expect(findStale(writes)).toEqual([]);
  });
});

describe('the longest time without an acknowledgement', () => {
  const times = [10, 20, 70, 80, 200, 210].map((time, id) => write(id, time - 5, time));

  it('counts a gap that overlaps the time looked at, in full', () => {
    expect(longestGap(times, 25, 30)).toBe(50);
    expect(longestGap(times, 0, 1_000)).toBe(120);
    expect(longestGap(times, 71, 79)).toBe(10);
  });
});
