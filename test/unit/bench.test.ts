import { describe, expect, it } from 'vitest';
import { benchmarks } from '../../bench/benchmarks/all.js';
import { checkCases, chooseBenchmarks, chooseCases } from '../../bench/choose.js';
import type { Benchmark } from '../../bench/kit.js';
import { cases as outages } from '../../bench/outage/cases.js';
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
    expect(isWithin({ ...deploy, limit: { median: 8.1 } })).toBe(true);
    expect(isWithin({ ...deploy, limit: { median: 8 } })).toBe(false);
    expect(table([{ ...deploy, limit: { median: 8.1 } }])).toMatch(/ 14\.2 \| median 8\.1 \| s {4}\| yes /);
  });

  it('of the median and one of the p99 hold together', () => {
    const values = Array.from({ length: 200 }, (_, i) => i + 1);
    expect(isWithin({ ...deploy, values, limit: { median: 100.5, p99: 198 } })).toBe(true);
    expect(isWithin({ ...deploy, values, limit: { median: 100.4, p99: 198 } })).toBe(false);
    expect(isWithin({ ...deploy, values, limit: { median: 100.5, p99: 197 } })).toBe(false);
    expect(table([{ ...deploy, values, limit: { median: 0.2, p99: 0.8 } }])).toContain('| median 0.2, p99 0.8 | s ');
  });

  it('of the p99 is for the greatest of twenty values', () => {
    const values = [...Array.from({ length: 19 }, () => 0.1), 0.9];
    expect(isWithin({ ...deploy, values, limit: { p99: 0.9 } })).toBe(true);
    expect(isWithin({ ...deploy, values, limit: { p99: 0.8 } })).toBe(false);
  });
});

describe('the results', () => {
  it('are a table that Markdown understands', () => {
    expect(table([deploy, { ...deploy, limit: 14 }, memory])).toBe(`\
| benchmark | what                              |   n | median |  p99 |  max | limit | unit | within | load |
| --------- | --------------------------------- | --: | -----: | ---: | ---: | ----: | ---- | ------ | ---: |
| deploy-3  | from nothing to 3 healthy servers |   3 |   8.10 | 14.2 | 14.2 |    15 | s    | yes    |  0.4 |
| deploy-3  | from nothing to 3 healthy servers |   3 |   8.10 | 14.2 | 14.2 |    14 | s    | NO     |  0.4 |
| idle      | memory                            |   4 |   3.00 |  120 |  120 |     - | MB   | -      | 12.3 |`);
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

describe('choosing', () => {
  const bare = { about: '', runs: 1, measure: async () => Promise.resolve([]) };
  const cut: Benchmark = { ...bare, name: 'cut', cases: ['kill', 'stop'] };
  const plain: Benchmark = { ...bare, name: 'plain' };

  it('takes the benchmarks that are named, in their order, or all', () => {
    expect(chooseBenchmarks([cut, plain], ['plain', 'cut'])).toEqual([cut, plain]);
    expect(chooseBenchmarks([cut, plain], ['plain'])).toEqual([plain]);
    expect(chooseBenchmarks([cut, plain], [])).toEqual([cut, plain]);
    expect(() => chooseBenchmarks([cut, plain], ['plan'])).toThrow(
      'there is no benchmark plan; choose from cut, plain',
    );
  });

  it('takes the cases that are named, in their order, or all', () => {
    const cases = [{ name: 'kill' }, { name: 'stop' }];
    expect(chooseCases(cases, undefined)).toEqual(cases);
    expect(chooseCases(cases, ['stop'])).toEqual([{ name: 'stop' }]);
    expect(chooseCases(cases, ['stop', 'kill'])).toEqual(cases);
  });

  it('refuses cases that there are not, before anything is measured', () => {
    expect(() => {
      checkCases([cut], ['kill']);
    }).not.toThrow();
    expect(() => {
      checkCases([cut, plain], undefined);
    }).not.toThrow();
    expect(() => {
      checkCases([cut], ['halt']);
    }).toThrow('there is no case of cut halt; choose from kill, stop');
    expect(() => {
      checkCases([cut], []);
    }).toThrow('--only names no case; choose from kill, stop');
    expect(() => {
      checkCases([cut, plain], ['kill']);
    }).toThrow('plain is measured as a whole');
  });

  it('of an outage: every case has a name of its own', () => {
    const names = outages.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
