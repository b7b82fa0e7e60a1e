/** Runs setup.mjs for a command that goes on afterwards. */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';

/**
 * @param {string} root the project's directory
 * @param {1 | 2} output where what the setup says goes: standard output or standard error
 * @returns {number} its exit status
 */
export function setUp(root, output) {
  // Ctrl-C is the setup's, which ends in order; whoever waits for it must still be there then
  const stay = () => undefined;
  process.on('SIGINT', stay);
  try {
    const { status, signal } = spawnSync(process.execPath, [join(root, 'setup.mjs')], { stdio: ['ignore', output, 2] });
    return signal === null ? (status ?? 1) : 128 + constants.signals[signal];
  } finally {
    process.off('SIGINT', stay);
  }
}
