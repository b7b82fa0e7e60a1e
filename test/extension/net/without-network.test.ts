/** What of net/ needs libraft but no network: its test programs run in the container that has it. */
import { spawnSync } from 'node:child_process';
import { afterAll } from 'vitest';
import { docker } from '../../support/node-container.js';
import { tellSentences } from '../sentences.js';
import { openContainer } from './member-process.js';

const programs = ['raft_message_test', 'storage_test'];
const nameOf = (program: string) => `pgraft-${program.replaceAll('_', '-')}-${process.pid}`;

afterAll(() => docker(['rm', '--force', '--volumes', ...programs.map(nameOf)]));

for (const program of programs) {
  openContainer(nameOf(program), program);
  const { status, stdout, stderr } = spawnSync('docker', ['exec', nameOf(program), `/tmp/${program}`], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  tellSentences(program, { status: status ?? 'not started', stdout, stderr });
}
