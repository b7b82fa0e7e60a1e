import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { tellSentences, type Outcome } from './sentences.js';

/**
 * The extension's core alone: every C file of image/pgraft/core and the test program of each, compiled with the
 * sanitizers. Each sentence of a program is one test here (sentences.ts).
 */
const source = fileURLToPath(new URL('../../image/pgraft', import.meta.url));
const tests = fileURLToPath(new URL('core', import.meta.url));
const compileDeadline = 120_000;
const runDeadline = 60_000;

const flags = [
  ...['-std=c11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wconversion', '-Wmissing-prototypes'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', `-I${source}`],
];

function run(command: string, args: string[], deadline: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: deadline, killSignal: 'SIGKILL' as const, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : (error.code ?? error.signal ?? error.message);
      resolve({ status, stdout, stderr });
    });
  });
}

async function compile(args: string[], what: string): Promise<void> {
  const { status, stderr } = await run('gcc', [...flags, ...args], compileDeadline);
  if (status === 'ENOENT') throw new Error(`cannot compile ${what}: there is no gcc; install the package gcc`);
  if (status !== 0) throw new Error(`gcc fails on ${what} (${status}):\n${stderr}`);
}

/** As many at a time as there are processors. */
async function forEachInParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function sources(directory: string, ending: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending)).sort();
  if (names.length === 0) throw new Error(`no *${ending} in ${directory}: the tests have lost their sources`);
  return names.map((name) => join(directory, name));
}

async function compilePrograms(into: string): Promise<string[]> {
  const objects: string[] = [];
  await forEachInParallel(await sources(join(source, 'core'), '.c'), async (file) => {
    const object = join(into, `${basename(file, '.c')}.o`);
    await compile(['-c', file, '-o', object], basename(file));
    objects.push(object);
  });
  const programs = await sources(tests, '_test.c');
  await forEachInParallel(programs, (file) =>
    compile([file, ...objects, '-o', join(into, basename(file, '.c'))], basename(file)),
  );
  return programs.map((file) => join(into, basename(file, '.c')));
}

const build = await mkdtemp(join(tmpdir(), 'pgraft-core-'));
afterAll(() => rm(build, { recursive: true, force: true }));

for (const program of await compilePrograms(build)) {
  tellSentences(basename(program), await run(program, [], runDeadline));
}
