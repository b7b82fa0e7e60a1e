/** A test program that needs libraft but no network (core/check.h): it runs in the container that has it. */
import { spawnSync } from 'node:child_process';
import { afterAll } from 'vitest';
import { docker } from '../../support/node-container.js';
import { tellSentences } from '../sentences.js';
import { openContainer } from './member-process.js';

/** Compile and run <program>.c; each of its sentences is a test. */
export function tellLibraftProgram(program: string): void {
  const container = `pgraft-${program.replaceAll('_', '-')}-${process.pid}`;
  openContainer(container, program);
  afterAll(() => docker(['rm', '--force', '--volumes', container]));
  const { status, stdout, stderr } = spawnSync('docker', ['exec', container, `/tmp/${program}`], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  tellSentences(program, { status: status ?? 'not started', stdout, stderr });
}
