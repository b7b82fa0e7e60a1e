import { describe, expect, it } from 'vitest';
import { benchmarks } from '../../bench/benchmarks/all.js';
import { summarize } from '../../bench/statistics.js';
import { isWithin, json, table, type Result } from '../../bench/table.js';

const deploy: Result = {
  ...{ benchmark: 'deploy-3', what: 'from nothing to 3 healthy servers', unit: 's', limit: 15, load: 0.44 },
  values: [14.2, 7.9, 8.1],
};
const memory: Result = { benchmark: 'idle', what: 'memory', unit: 'MB', load: 12.34, values: [0.333, 2, 120, 4] };

describe('summarize', () => {
  it.each([
    [[3], { n: 1, median: 3, p99: 3, max: 3 }],
    [[10, 9, 2], { n: 3, median: 9, p99: 10, max: 10 }],
    [[10, 9, 2, 3], { n: 4, median: 6, p99: 10, max: 10 }],
    [Array.from({ length: 200 }, (_, i) => i + 1), { n: 200, median: 100.5, p99: 198, max: 200 }],
  ])('%j', (values, expected) => {
    expect(summarize(values)).toEqual(expected);
  });

  it('has nothing to say of no values', () => {
    expect(() => summarize([])).toThrow('nothing was measured');
  });
});

describe('a limit', () => {
  it('holds for every value, the slowest too', () => {
    expect(isWithin({ ...deploy, limit: 14.2 })).toBe(true);
    expect(isWithin({ ...deploy, limit: 14.1 })).toBe(false);
    expect(isWithin(memory)).toBeUndefined();
  });

  it('of the median lets single values be above it, and says so', () => {
    const limited = 'median';
    expect(isWithin({ ...deploy, limit: 8.1, limited })).toBe(true);
    expect(isWithin({ ...deploy, limit: 8, limited })).toBe(false);
    expect(table([{ ...deploy, limit: 8.1, limited }])).toMatch(/ 14\.2 \| median 8\.1 \| s {4}\| yes /);
  });
});

describe('the results', () => {
  it('are a table that Markdown understands', () => {
    expect(table([deploy, { ...deploy, limit: 14 }, memory])).toBe(`\
| benchmark | what                              |   n | median |  p99 |  max | limit | unit | within | load |
| --------- | --------------------------------- | --: | -----: | ---: | ---: | ----: | ---- | ------ | ---: |
| deploy-3  | from nothing to 3 healthy servers |   3 |    8.1 | 14.2 | 14.2 |    15 | s    | yes    |  0.4 |
| deploy-3  | from nothing to 3 healthy servers |   3 |    8.1 | 14.2 | 14.2 |    14 | s    | NO     |  0.4 |
| idle      | memory                            |   4 |    3.0 |  120 |  120 |     - | MB   | -      | 12.3 |`);
  });

  it('are JSON with every value', () => {
    expect(JSON.parse(json([deploy]))).toEqual([{ ...deploy, n: 3, median: 8.1, p99: 14.2, max: 14.2, within: true }]);
  });
});

describe('the benchmarks', () => {
  it('have names of their own, which the command line takes', () => {
    const names = benchmarks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(names).toEqual(
      expect.arrayContaining(['start', 'deploy-3', 'deploy-5', 'deploy-9', 'no-op', 'plan', 'outage']),
    );
  });
});
