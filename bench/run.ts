/** npm run bench: measure what the project promises, and print it beside the promise. */
import { Command, InvalidArgumentError } from 'commander';
import { loadavg, cpus } from 'node:os';
import { main } from '../scripts/kit/command.js';
import { UserError } from '../scripts/kit/errors.js';
import { $ } from '../scripts/kit/shell.js';
import { benchmarks } from './benchmarks/all.js';
import { BenchCluster } from './cluster.js';
import type { Benchmark } from './kit.js';
import { isWithin, json, table, type Result } from './table.js';

const command = new Command('bench')
  .description(
    'Measure on a cluster of its own, and remove it. The exit status is 1 when something is above its limit.',
  )
  .argument('[names...]', 'benchmarks to run; all of them when none is named')
  .option('--list', 'name the benchmarks and run none')
  .option('--runs <n>', 'how often to measure each', positive)
  .option('--json', 'print JSON with every value, not a table')
  .parse();
const options = command.opts<{ list?: boolean; runs?: number; json?: boolean }>();

await main(async () => {
  const chosen = choose(command.args);
  if (options.list === true) {
    const width = Math.max(...chosen.map(({ name }) => name.length));
    for (const { name, about } of chosen) console.log(`${name.padEnd(width)}  ${about}`);
    return 0;
  }
  const cluster = new BenchCluster($);
  const interruption = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    if (interruption.signal.aborted) return;
    note(`${signal}: stopping, and removing the cluster`);
    interruption.abort();
    cluster.interrupt();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const results: Result[] = [];
  try {
    // so that no benchmark measures how long an image takes to build
    note(`image ${await cluster.image()}`);
    for (const benchmark of chosen) results.push(...(await run(benchmark, cluster, interruption.signal)));
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
  } finally {
    await cluster.release();
  }
  if (results.length > 0) console.log(options.json === true ? json(results) : table(results));
  if (interruption.signal.aborted) return 130;
  return results.every((result) => isWithin(result) !== false) ? 0 : 1;
});

async function run(benchmark: Benchmark, cluster: BenchCluster, signal: AbortSignal): Promise<Result[]> {
  const { name, about } = benchmark;
  await cluster.remove();
  const load = loadavg()[0] ?? 0;
  note(`${name}: ${about} (load ${load.toFixed(1)} on ${cpus().length} cores)`);
  const series = await benchmark.measure({ cluster, runs: options.runs ?? benchmark.runs, signal });
  return series.map((one) => ({ benchmark: name, load, ...one }));
}

/** @throws UserError naming what there is, for a name that there is not */
function choose(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = benchmarks.map(({ name }) => name).join(', ');
    throw new UserError(`there is no benchmark ${unknown.join(', ')}; choose from ${known}`);
  }
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1 to 999');
  return Number(text);
}

/** Progress, beside the results. */
function note(line: string): void {
  console.error(line);
}
