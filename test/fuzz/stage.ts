/** The stage `fuzz` of the image (image/pgraft/fuzz/Dockerfile), and the targets compiled in it. */
import { join } from 'node:path';
import { imageContext } from '../../constructs/image-tag.js';
import { UserError } from '../../scripts/kit/errors.js';
import { projectDirectory } from '../../scripts/kit/places.js';
import { $, outcomeOf, required } from '../../scripts/kit/shell.js';

const buildDeadline = 10 * 60_000;
/** A target's own limit on its memory is lower: it says which input it was. */
const memory = '3g';

/** A command in the stage. */
export interface StageCommand {
  readonly stage: string;
  /** Directories of this machine and where they stand in the container; `:ro` behind that for read-only. */
  readonly mounts: readonly (readonly [from: string, to: string])[];
  readonly command: readonly string[];
  /** Milliseconds. */
  readonly deadline: number;
  /** With the lowest claim on the processors: whatever else runs here goes first. @default false */
  readonly patient?: boolean;
}

/** @returns the id of the image; made when it is not there yet */
export async function fuzzStage(): Promise<string> {
  const compilers = await build(['--target', 'compilers', imageContext(projectDirectory)]);
  const directory = join(imageContext(projectDirectory), 'pgraft', 'fuzz');
  return build(['--target', 'fuzz', '--build-arg', `COMPILERS=${compilers}`, directory]);
}

async function build(args: readonly string[]): Promise<string> {
  const output = await $({ timeout: buildDeadline })`docker build --quiet ${args}`;
  const fix = 'is Docker running, and are the Debian packages within reach?';
  return required(outcomeOf(output, 'docker build', buildDeadline), 'cannot build the fuzz stage', fix).trim();
}

/** The targets of these sources as programs in `programs`, a directory of this machine; a second time only what has changed. */
export async function compileTargets(stage: string, source: string, programs: string): Promise<void> {
  const outcome = await inStage({
    stage,
    mounts: [
      [source, '/source:ro'],
      [programs, '/programs'],
    ],
    command: ['make', '--silent', '--jobs=2', '--directory=/source/fuzz', 'OUT=/programs'],
    deadline: buildDeadline,
  });
  if (outcome.status !== 0) throw new UserError(`the fuzz targets do not compile:\n${outcome.said.slice(-4_000)}`);
}

/** Run it to its end. What it writes belongs to whoever runs this. */
export async function inStage({ stage, mounts, command, deadline, patient = false }: StageCommand) {
  const volumes = mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}`]);
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const limits = ['--network=none', `--memory=${memory}`, '--tmpfs=/tmp:exec', `--user=${user}`];
  const claim = patient ? ['--cpu-shares=64'] : [];
  const last = patient ? ['nice', '-n', '19'] : [];
  const output = await $({
    timeout: deadline,
  })`docker run --rm --init ${limits} ${claim} ${volumes} ${stage} ${last} ${command}`;
  return { status: output.exitCode ?? -1, said: output.stdout + output.stderr };
}
