import { expect, it } from 'vitest';
import { comparison } from '../../../bench/outage/comparison.js';
import type { Series } from '../../../bench/kit.js';

const series = (what: string, ...values: number[]): Series => ({ what, unit: 's', values });

it('a comparison has a row for each fault that every site was put to, and a column for each site', () => {
  const measured = [
    series('a: kill', 0.2, 0.1, 0.3),
    series('a: kill: back', 2),
    series('b: kill', 31.25, 40),
    series('b: kill: back', 120),
    series('a: only here', 1),
  ];
  expect(comparison(['a', 'b'], measured)).toBe(`\
| p50 / p99 / max |                               a |                            b |
| --------------- | ------------------------------: | ---------------------------: |
| kill            | 0.200 / 0.300 / 0.300 s (n = 3) | 35.6 / 40.0 / 40.0 s (n = 2) |
| kill: back      |    2.00 / 2.00 / 2.00 s (n = 1) |    120 / 120 / 120 s (n = 1) |`);
});
