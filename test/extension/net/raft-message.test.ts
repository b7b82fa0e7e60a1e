/** The readers of net/ that need libraft but no network: their test programs run in the container that has it. */
import { spawnSync } from 'node:child_process';
import { afterAll } from 'vitest';
import { docker } from '../../support/node-container.js';
import { tellSentences } from '../sentences.js';
import { openContainer } from './member-process.js';

const container = `pgraft-raft-message-${process.pid}`;
const program = 'raft_message_test';

openContainer(container, program);
afterAll(() => docker(['rm', '--force', '--volumes', container]));

const { status, stdout, stderr } = spawnSync('docker', ['exec', container, `/tmp/${program}`], {
  encoding: 'utf8',
  timeout: 60_000,
});
tellSentences(program, { status: status ?? 'not started', stdout, stderr });
