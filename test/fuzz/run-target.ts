/** One fuzz target, run for a while. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inStage } from './stage.js';
import { corpora, extensionSource, type Target } from './targets.js';

/** Of one input; a slower one is a finding. */
const secondsOfOne = 10;
const megabytes = 2_048;

export interface FuzzRun {
  readonly stage: string;
  /** The directory of the compiled targets. */
  readonly programs: string;
  readonly target: Target;
  readonly iterations: number;
  /** The same seed gives the same inputs, as long as the corpus and the target are the same. */
  readonly seed: number;
  /** Where the input of a finding is put. */
  readonly findings: string;
  /** Seconds after which it ends, done or not. */
  readonly limit: number;
  /** Let everything else on this machine go first. @default false */
  readonly patient?: boolean;
  /** Put what covers more than the tree's corpus into that, and take out what covers nothing of its own. @default false */
  readonly merge?: boolean;
}

export interface FuzzResult {
  readonly target: string;
  readonly iterations: number;
  /** Edges of the program that were reached. */
  readonly coverage: number;
  /** The corpus in the tree. */
  readonly corpus: { readonly files: number; readonly bytes: number };
  readonly seconds: number;
  /** The last of what it said; undefined when nothing was found. */
  readonly finding?: string;
}

/** Replay the target's corpus, then go on from it with random inputs. */
export async function runTarget(run: FuzzRun): Promise<FuzzResult> {
  const work = mkdtempSync(join(tmpdir(), 'pgraft-fuzz-'));
  try {
    return await runIn(work, run);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function runIn(work: string, run: FuzzRun): Promise<FuzzResult> {
  const { target, iterations, limit, seed } = run;
  const { name } = target;
  const grown = join(work, 'grown');
  mkdirSync(grown);
  mkdirSync(run.findings, { recursive: true });
  const dictionary = join('fuzz', 'dictionaries', `${name}.dict`);
  const start = performance.now();
  const { status, said } = await inTarget(run, grown, [
    `-runs=${iterations}`,
    `-seed=${seed}`,
    `-max_total_time=${limit}`,
    `-max_len=${target.longest}`,
    '-use_value_profile=1',
    '-print_final_stats=1',
    ...(existsSync(join(extensionSource, dictionary)) ? [`-dict=/source/${dictionary}`] : []),
    '/grown',
    '/corpus',
  ]);
  const seconds = (performance.now() - start) / 1_000;
  if (status === 0 && run.merge === true) await merge(run, work, grown);
  return {
    target: name,
    iterations: lastNumber(said, /number_of_executed_units:\s+(\d+)/g),
    coverage: lastNumber(said, /cov: (\d+)/g),
    corpus: sizeOf(join(corpora, name)),
    seconds,
    ...(status === 0 ? {} : { finding: said.slice(-6_000) }),
  };
}

/** The smallest choice of old and new inputs that covers the same replaces the corpus in the tree. */
async function merge(run: FuzzRun, work: string, grown: string): Promise<void> {
  const chosen = join(work, 'chosen');
  mkdirSync(chosen);
  const { status, said } = await inTarget(
    run,
    grown,
    ['-merge=1', `-max_len=${run.target.longest}`, '/chosen', '/corpus', '/grown'],
    [[chosen, '/chosen']],
  );
  if (status !== 0) throw new Error(`cannot merge the corpus of ${run.target.name}:\n${said.slice(-2_000)}`);
  const corpus = join(corpora, run.target.name);
  rmSync(corpus, { recursive: true });
  cpSync(chosen, corpus, { recursive: true });
}

function inTarget(
  { stage, programs, target, findings, limit, patient = false }: FuzzRun,
  grown: string,
  args: readonly string[],
  more: readonly (readonly [string, string])[] = [],
) {
  const bounds = [`-timeout=${secondsOfOne}`, `-rss_limit_mb=${megabytes}`];
  return inStage({
    stage,
    mounts: [
      [programs, '/programs:ro'],
      [extensionSource, '/source:ro'],
      [join(corpora, target.name), '/corpus:ro'],
      [grown, '/grown'],
      [findings, '/findings'],
      ...more,
    ],
    command: [`/programs/${target.name}`, ...bounds, `-artifact_prefix=/findings/${target.name}-`, ...args],
    deadline: (limit + 120) * 1_000,
    patient,
  });
}

function lastNumber(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}

function sizeOf(directory: string) {
  const files = readdirSync(directory);
  return {
    files: files.length,
    bytes: files.map((file) => statSync(join(directory, file)).size).reduce((sum, size) => sum + size, 0),
  };
}
