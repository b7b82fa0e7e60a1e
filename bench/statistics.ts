/** What a row of the table says about its values. Pure. */

export interface Summary {
  readonly n: number;
  readonly median: number;
  /** No more than one value in a hundred is above it (nearest rank: of fewer values it is the greatest). */
  readonly p99: number;
  readonly max: number;
}

/** @throws RangeError without values */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const max = sorted.at(-1);
  if (upper === undefined || max === undefined) throw new RangeError('nothing was measured: there are no values');
  // of an even number of values, the mean of the two in the middle
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  const p99 = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? max;
  return { n: sorted.length, median: (lower + upper) / 2, p99, max };
}
