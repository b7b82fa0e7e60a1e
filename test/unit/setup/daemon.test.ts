import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDaemon, stopDaemon } from '../../../setup/daemon.mjs';
import { isAlive, type Owner, ownerOf } from '../../../setup/lock.mjs';
import { eventually } from '../../support/eventually.js';

const command = ['sleep', '60'] as const;
const silent = { problem: 'nobody answers' };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgraft-daemon-'));
});
afterEach(async () => {
  await stopDaemon(directory);
  rmSync(directory, { recursive: true });
});

const ownerFile = () => join(directory, 'dockerd.pid');
const owner = () => JSON.parse(readFileSync(ownerFile(), 'utf8')) as Owner;

describe('a Docker engine of our own', () => {
  test('is ours from its start, long before it answers, and until it is stopped', async () => {
    const seen: boolean[] = [];
    const ask = async () => {
      seen.push(isAlive(owner()));
      return Promise.resolve(seen.length < 3 ? silent : { version: '1.2.3' });
    };
    expect(await startDaemon({ directory, ask, seconds: 10, command })).toBe('1.2.3');
    expect(seen).toEqual([true, true, true]);

    const started = owner();
    expect(await stopDaemon(directory)).toBe(true);
    expect(isAlive(started)).toBe(false);
    expect(existsSync(ownerFile())).toBe(false);
    expect(await stopDaemon(directory)).toBe(false);
  });

  test('is stopped again when it does not answer in time', async () => {
    let started: Owner | undefined;
    const ask = async () => {
      started = owner();
      return Promise.resolve(silent);
    };
    await expect(startDaemon({ directory, ask, seconds: 0.3, command })).rejects.toThrow(
      'dockerd was not ready within 0.3 s: nobody answers; see ',
    );
    expect(started).toBeDefined();
    expect(isAlive(started)).toBe(false);
    expect(existsSync(ownerFile())).toBe(false);
  });

  test('says why it ended, with its last words, and leaves no owner', async () => {
    const failing = ['sh', '-c', 'echo no room left; exit 3'] as const;
    const ask = async () => Promise.resolve(silent);
    await expect(startDaemon({ directory, ask, seconds: 10, command: failing })).rejects.toThrow(
      /could not be started: it ended with status 3:\nno room left/,
    );
    expect(existsSync(ownerFile())).toBe(false);
  });

  test('that cannot be run says so', async () => {
    const ask = async () => Promise.resolve(silent);
    await expect(startDaemon({ directory, ask, seconds: 10, command: ['./no-such-dockerd'] })).rejects.toThrow(
      /ENOENT/,
    );
  });

  test('that an interrupted setup has started is waited for, not started twice', async () => {
    const earlier = spawn('sleep', ['60'], { stdio: 'ignore' });
    writeFileSync(ownerFile(), JSON.stringify(ownerOf(earlier.pid ?? 0)));
    let asked = 0;
    const ask = async () => Promise.resolve((asked += 1) < 3 ? silent : { version: '1.2.3' });
    const neverRun = ['sh', '-c', `touch ${directory}/started`] as const;
    expect(await startDaemon({ directory, ask, seconds: 10, command: neverRun })).toBe('1.2.3');
    expect(existsSync(join(directory, 'started'))).toBe(false);
    expect(owner().pid).toBe(earlier.pid);
  });

  test('is stopped again when setup is interrupted before it answers', async () => {
    const module = (name: string) => JSON.stringify(join(import.meta.dirname, '..', '..', '..', 'setup', name));
    const script = `
      import { endCommandsOnSignals } from ${module('command.mjs')};
      import { startDaemon } from ${module('daemon.mjs')};
      endCommandsOnSignals();
      const ask = async () => (console.log('asked'), { problem: 'nobody answers' });
      await startDaemon({ directory: ${JSON.stringify(directory)}, ask, seconds: 60, command: ['sleep', '60'] });`;
    const setup = spawn('node', ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(setup.stdout, 'data');
    const started = owner();
    setup.kill('SIGTERM');
    expect(await once(setup, 'exit')).toEqual([143, null]);
    const alive = () => isAlive(started);
    expect(await eventually('what setup had started to end', alive, (seen) => !seen, 10_000)).toBe(false);
  });
});
