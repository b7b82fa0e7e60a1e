/** What a benchmark is, and what it is given. */
import type { BenchCluster } from './cluster.js';

/** One thing that was measured, with every value seen. */
export interface Series {
  /** What the values are, such as "deploy of 3 servers". */
  readonly what: string;
  readonly unit: 's' | 'ms' | 'µs' | 'MB' | '% of a core' | 'rows' | 'tps' | '×';
  /** Not to be exceeded. @default - none is promised */
  readonly limit?: number;
  /** What must be within the limit: every value, or the median. @default 'max' */
  readonly limited?: 'max' | 'median';
  readonly values: readonly number[];
}

export interface Tools {
  /** A cluster of the benchmarks' own. Whoever measures finds it gone, and need not remove it. */
  readonly cluster: BenchCluster;
  /** How often to measure. */
  readonly runs: number;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
}

export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly about: string;
  /** Runs unless told otherwise. */
  readonly runs: number;
  measure(tools: Tools): Promise<Series[]>;
}

/** The results of `run`, one after the other. */
export async function repeat<T>(runs: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let done = 0; done < runs; done += 1) results.push(await run());
  return results;
}
