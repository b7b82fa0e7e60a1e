/** What of the benchmarks a command line asks for. Pure. */
import { UserError } from '../scripts/kit/errors.js';
import type { Benchmark, Heeded } from './kit.js';

/** @throws UserError naming what there is, for a name that there is not */
export function chooseBenchmarks(benchmarks: readonly Benchmark[], names: readonly string[]): readonly Benchmark[] {
  refuseUnknown('benchmark', names, benchmarks);
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

/** What `--only` names is there. @throws UserError when a chosen benchmark has no cases, or none of such a name */
export function checkCases(benchmarks: readonly Benchmark[], only: readonly string[] | undefined): void {
  if (only === undefined) return;
  for (const { name, cases } of benchmarks) {
    if (cases === undefined) {
      throw new UserError(`--only ${only.join(',')}: ${name} is measured as a whole; name a benchmark that has cases`);
    }
    if (only.length === 0) throw new UserError(`--only names no case; choose from ${cases.join(', ')}`);
    const known = cases.map((one) => ({ name: one }));
    refuseUnknown(`case of ${name}`, only, known);
  }
}

/**
 * Options that only some benchmarks heed, by their names without dashes.
 *
 * @throws UserError when none of the chosen ones does
 */
export function checkHeeded(
  benchmarks: readonly Benchmark[],
  given: readonly Heeded[],
  all: readonly Benchmark[],
): void {
  const heeds = (option: Heeded) => (benchmark: Benchmark) => benchmark.heeds?.includes(option) === true;
  for (const option of given) {
    if (benchmarks.some(heeds(option))) continue;
    const names = all.filter(heeds(option)).map(({ name }) => name);
    throw new UserError(
      `--${option} says nothing to ${benchmarks.map(({ name }) => name).join(', ')}; it is for ${names.join(', ')}`,
    );
  }
}

/** Of `cases`, those that are wanted, in their own order. */
export function chooseCases<T extends { readonly name: string }>(
  cases: readonly T[],
  only: readonly string[] | undefined,
): readonly T[] {
  return only === undefined ? cases : cases.filter(({ name }) => only.includes(name));
}

function refuseUnknown(what: string, names: readonly string[], known: readonly { readonly name: string }[]): void {
  const unknown = names.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length === 0) return;
  throw new UserError(
    `there is no ${what} ${unknown.join(', ')}; choose from ${known.map(({ name }) => name).join(', ')}`,
  );
}
