/** The file of what a member has promised, compiled with this machine's compiler and the sanitizers. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { tellSentences } from '../sentences.js';

const root = join(import.meta.dirname, '..', '..', '..');
const image = join(root, 'image', 'pgraft');
const directory = mkdtempSync(join(tmpdir(), 'pgraft-promises-'));
const program = join(directory, 'promises_test');
const sources = [
  join(import.meta.dirname, 'promises_test.c'),
  join(image, 'net', 'promises.c'),
  join(image, 'net', 'files.c'),
];
const flags = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined'];
const includes = [`-I${image}`, `-I${join(root, 'test', 'extension', 'core')}`];

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const compiled = spawnSync('gcc', [...flags, '-fno-sanitize-recover=all', ...includes, ...sources, '-o', program], {
  encoding: 'utf8',
  timeout: 120_000,
});
if (compiled.status !== 0) throw new Error(`gcc fails on promises_test:\n${compiled.stderr}`);
const { status, stdout, stderr } = spawnSync(program, { encoding: 'utf8', timeout: 60_000 });
tellSentences('promises_test', { status: status ?? 'not started', stdout, stderr });
