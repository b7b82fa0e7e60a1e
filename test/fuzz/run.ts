/** npm run fuzz: random inputs for each reader of bytes from outside (image/pgraft/fuzz). */
import { Command, InvalidArgumentError } from 'commander';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { markdownTable } from '../../bench/markdown.js';
import { main } from '../../scripts/kit/command.js';
import { projectDirectory } from '../../scripts/kit/places.js';
import { runTarget, type FuzzResult } from './run-target.js';
import { compileTargets, fuzzStage } from './stage.js';
import { chooseTargets, extensionSource, type Target } from './targets.js';

const state = join(projectDirectory, '.pgraft', 'fuzz');
const findings = join(state, 'findings');

const command = new Command('fuzz')
  .description('Give random inputs to the readers of bytes from outside, under the sanitizers; 1 when one breaks.')
  .argument('[targets...]', 'these only; all of them when none is named')
  .option('--iterations <n>', 'inputs for each target', positive, 100_000)
  .option('--seed <n>', 'the same seed gives the same inputs (default: a new one)', positive)
  .option('--minutes <m>', 'end a target after so long, done or not', positive, 60)
  .option('--merge', 'keep in the tree the inputs that cover more than those which are there')
  .parse();
const options = command.opts<{ iterations: number; seed?: number; minutes: number; merge?: boolean }>();

await main(async () => {
  const targets = chooseTargets(command.args);
  const seed = options.seed ?? 1 + (Date.now() % 2 ** 31);
  const programs = join(state, 'programs');
  mkdirSync(programs, { recursive: true });
  const stage = await fuzzStage();
  await compileTargets(stage, extensionSource, programs);
  console.error(`seed ${seed}, ${options.iterations} inputs for each of ${targets.length} targets`);
  const { iterations, minutes, merge = false } = options;
  const results: FuzzResult[] = [];
  const waiting = [...targets];
  const worker = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const result = await runTarget({
        ...{ stage, programs, target, iterations, seed, findings, merge },
        limit: minutes * 60,
        patient: true,
      });
      results.push(result);
      console.error(`${result.target}: ${verdict(result)} (${result.seconds.toFixed(0)} s)`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  console.log(table(targets, results));
  return tellFindings(results);
});

function verdict({ finding, iterations }: FuzzResult): string {
  if (finding !== undefined) return 'BROKEN';
  return iterations < options.iterations ? 'not done in time' : 'clean';
}

function table(targets: readonly Target[], results: readonly FuzzResult[]): string {
  const rows = targets.flatMap(({ name }) => results.filter(({ target }) => target === name));
  const head = ['target', 'runs', 'edges', 'corpus', 'bytes', 'seconds', 'result'];
  return markdownTable(
    head,
    new Set(head.slice(1, -1)),
    rows.map((row) =>
      [row.target, row.iterations, row.coverage, row.corpus.files, row.corpus.bytes, row.seconds.toFixed(1)]
        .map(String)
        .concat(verdict(row)),
    ),
  );
}

/** @returns the exit status: a target that did not get through is not clean, either */
function tellFindings(results: readonly FuzzResult[]): number {
  for (const { target, finding } of results) {
    if (finding === undefined) continue;
    console.error(`\n== ${target}\n${finding}`);
    console.error(`the input is in ${findings}/${target}-*`);
  }
  return results.every((result) => verdict(result) === 'clean') ? 0 : 1;
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('it must be a whole number above 0');
  return Number(text);
}
