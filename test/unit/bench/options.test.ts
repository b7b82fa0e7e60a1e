import { describe, expect, it } from 'vitest';
import { benchmarks } from '../../../bench/benchmarks/all.js';
import { checkHeeded, chooseBenchmarks } from '../../../bench/choose.js';

describe('an option that only some benchmarks heed', () => {
  const chosen = (...names: string[]) => chooseBenchmarks(benchmarks, names);

  it('is taken with one that does, also among others', () => {
    expect(() => {
      checkHeeded(chosen('timeline', 'start'), ['svg'], benchmarks);
    }).not.toThrow();
    expect(() => {
      checkHeeded(chosen(), ['svg', 'minutes'], benchmarks);
    }).not.toThrow();
  });

  it('is refused otherwise, naming whom it is for', () => {
    expect(() => {
      checkHeeded(chosen('timeline', 'start'), ['minutes'], benchmarks);
    }).toThrow(/^--minutes says nothing to start, timeline; it is for idle, false-failover$/);
  });
});
