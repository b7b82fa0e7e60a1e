import { beforeEach, describe, expect, it } from 'vitest';
import { openLasting } from '../../../scripts/kit/lasting.js';

describe('openLasting', () => {
  let time = 0;
  let lasts: (holds: boolean) => boolean;
  beforeEach(() => {
    time = 1_000;
    lasts = openLasting(500, { now: () => time, sleep: async () => Promise.resolve() });
  });
  const at = (later: number, holds: boolean) => {
    time = 1_000 + later;
    return lasts(holds);
  };

  it('tells once it has held for that long', () => {
    expect([at(0, true), at(499, true), at(500, true), at(9_000, true)]).toEqual([false, false, true, true]);
  });

  it('begins anew when it did not hold at a look', () => {
    expect([at(0, true), at(400, false), at(600, true), at(1_099, true), at(1_100, true)]).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('is not told by a look after which nobody looked', () => {
    expect(at(9_000, true)).toBe(false);
  });
});
