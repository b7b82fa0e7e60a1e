/** What a benchmark is, and what it is given. */
import type { BenchCluster } from './cluster.js';

/** What single statistics of a series must not exceed. */
export interface Limits {
  readonly median?: number;
  /** No more than one value in a hundred may be above it. */
  readonly p99?: number;
}

/** One thing that was measured, with every value seen. */
export interface Series {
  /** What the values are, such as "deploy of 3 servers". */
  readonly what: string;
  readonly unit: 's' | 'ms' | 'µs' | 'MB' | '% of a core' | 'rows' | 'tps' | '×' | 'count';
  /** What no value may exceed, or what the median and the p99 may not. @default - none is promised */
  readonly limit?: number | Limits;
  readonly values: readonly number[];
}

export interface Tools {
  /** A cluster of the benchmarks' own. Whoever measures finds it gone, and need not remove it. */
  readonly cluster: BenchCluster;
  /** How often to measure. */
  readonly runs: number;
  /** Of a benchmark with cases: those to measure. @default - all */
  readonly only?: readonly string[];
  /** How long what takes its time shall take. @default - as long as the benchmark says */
  readonly minutes?: number;
  /** Where a picture is to be written. @default - where the benchmark says */
  readonly svg?: string;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
  /** Beside the table of the results: what does not fit into it. */
  readonly say: (text: string) => void;
}

/** Options that say nothing to most benchmarks. */
export type Heeded = 'minutes' | 'svg';

export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly about: string;
  /** Runs unless told otherwise. */
  readonly runs: number;
  /** Names of what can be measured alone, with `--only`. @default - it is measured as a whole */
  readonly cases?: readonly string[];
  /** Options that it heeds beside `--runs`. @default - none */
  readonly heeds?: readonly Heeded[];
  measure(tools: Tools): Promise<Series[]>;
}

/** The results of `run`, one after the other. */
export async function repeat<T>(runs: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let done = 0; done < runs; done += 1) results.push(await run());
  return results;
}
