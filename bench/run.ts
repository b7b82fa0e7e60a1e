/** npm run bench: measure what the project promises, and print it beside the promise. */
import { Command, InvalidArgumentError } from 'commander';
import { loadavg, cpus } from 'node:os';
import { main } from '../scripts/kit/command.js';
import { $ } from '../scripts/kit/shell.js';
import { benchmarks } from './benchmarks/all.js';
import { checkCases, checkHeeded, chooseBenchmarks } from './choose.js';
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
  .option('--only <cases>', 'of a benchmark with cases, such as outage: these only, with commas between', words)
  .option('--minutes <m>', 'of false-failover: how long each case lasts; of idle: how long it looks', minutes)
  .option('--svg <file>', 'of timeline: where to write the picture')
  .option('--json', 'print JSON with every value, not a table')
  .parse();
const options = command.opts<{
  list?: boolean;
  runs?: number;
  only?: string[];
  minutes?: number;
  svg?: string;
  json?: boolean;
}>();

await main(async () => {
  const chosen = chooseBenchmarks(benchmarks, command.args);
  checkCases(chosen, options.only);
  const given = (['minutes', 'svg'] as const).filter((option) => options[option] !== undefined);
  checkHeeded(chosen, given, benchmarks);
  if (options.list === true) {
    const width = Math.max(...chosen.map(({ name }) => name.length));
    for (const { name, about, cases } of chosen) {
      console.log(`${name.padEnd(width)}  ${about}`);
      if (cases !== undefined) console.log(`${' '.repeat(width)}  cases: ${cases.join(', ')}`);
    }
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
  const { runs = benchmark.runs, json: programs, ...rest } = options;
  // programs read the results alone
  const say = programs === true ? note : console.log;
  const series = await benchmark.measure({ ...rest, cluster, runs, signal, say });
  return series.map((one) => ({ benchmark: name, load, ...one }));
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1 to 999');
  return Number(text);
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 60)) throw new InvalidArgumentError('it must be a number above 0, at most 1440');
  return value;
}

function words(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}

/** Progress, beside the results. */
function note(line: string): void {
  console.error(line);
}
