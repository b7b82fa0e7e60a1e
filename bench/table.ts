/** Results as people read them, and as programs do. Pure. */
import type { Series } from './kit.js';
import { markdownTable } from './markdown.js';
import { summarize } from './statistics.js';

/** A series with the name of its benchmark and how busy the machine was when it began. */
export interface Result extends Series {
  readonly benchmark: string;
  /** Processes that wanted a processor, averaged over the minute before. */
  readonly load: number;
}

const head = ['benchmark', 'what', 'n', 'median', 'p99', 'max', 'limit', 'unit', 'within', 'load'];
const numeric = new Set(['n', 'median', 'p99', 'max', 'limit', 'load']);

/** Whether every value is within the limit, or the statistics that it is for; undefined where none is promised. */
export function isWithin({ values, limit }: Series): boolean | undefined {
  if (limit === undefined) return undefined;
  const summary = summarize(values);
  if (typeof limit === 'number') return summary.max <= limit;
  const { median = Infinity, p99 = Infinity } = limit;
  return summary.median <= median && summary.p99 <= p99;
}

export function table(results: readonly Result[]): string {
  return markdownTable(head, numeric, results.map(cells));
}

/** The same as JSON, with every value. */
export function json(results: readonly Result[]): string {
  const full = results.map((result) => ({ ...result, ...summarize(result.values), within: isWithin(result) }));
  return JSON.stringify(full, undefined, 2);
}

function cells(result: Result): string[] {
  const { benchmark, what, unit, load } = result;
  const { n, median, p99, max } = summarize(result.values);
  const within = { true: 'yes', false: 'NO', undefined: '-' }[String(isWithin(result)) as 'true'];
  return [
    benchmark,
    what,
    String(n),
    figure(median),
    figure(p99),
    figure(max),
    bound(result),
    unit,
    within,
    load.toFixed(1),
  ];
}

/** The limit, and what it is for if not for every value. */
function bound({ limit }: Series): string {
  if (limit === undefined) return '-';
  if (typeof limit === 'number') return limit.toString();
  return Object.entries(limit)
    .map(([statistic, most]) => `${statistic} ${most}`)
    .join(', ');
}

/** Three significant digits are more than these measurements are worth. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
