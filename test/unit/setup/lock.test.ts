import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, ownerOf, withLock } from '../../../setup/lock.mjs';

/** On a busy machine. */
const patience = { timeout: 10_000 };

describe('the lock of setup.mjs', () => {
  let directory: string;
  let file: string;
  let notes: string[];
  const note = (line: string) => void notes.push(line);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-setup-'));
    file = join(directory, 'state', 'setup.lock');
    notes = [];
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('names its owner while the work runs, and is gone afterwards', async () => {
    const seen = await withLock(file, () => Promise.resolve(readFileSync(file, 'utf8')), note);

    expect(JSON.parse(seen)).toEqual(ownerOf(process.pid));
    expect(existsSync(file)).toBe(false);
    expect(notes).toEqual([]);
  });

  test('is given back when the work fails', async () => {
    await expect(withLock(file, () => Promise.reject(new Error('no')), note)).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  test('keeps a second one waiting until the first is done', async () => {
    const order: string[] = [];
    const gate: { open?: () => void } = {};
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    const first = withLock(
      file,
      async () => {
        order.push('first begins');
        await opened;
        order.push('first ends');
      },
      note,
    );
    const second = withLock(
      file,
      () => Promise.resolve(order.push('second')),
      (line) => {
        note(line);
        gate.open?.();
      },
    );
    await Promise.all([first, second]);

    expect(order).toEqual(['first begins', 'first ends', 'second']);
    expect(notes).toEqual([`waiting for another setup (process ${process.pid})`]);
  });

  test('gives up at the deadline and names the owner', async () => {
    await withLock(
      file,
      async () => {
        const second = withLock(file, () => Promise.resolve('held twice'), note, 0);
        await expect(second).rejects.toThrow(
          new RegExp(`another setup \\(process ${process.pid}\\) still runs after 0 s.*remove`),
        );
      },
      note,
    );
  });

  test('is taken over from an owner that is gone', async () => {
    const gone = await pidOfADeadProcess();
    await withLock(file, () => Promise.resolve(), note);
    writeFileSync(file, JSON.stringify({ pid: gone, started: '1' }));

    expect(await withLock(file, () => Promise.resolve('done'), note)).toBe('done');
    expect(notes).toEqual([`took over the lock of process ${gone}, which is gone`]);
  });

  test('is taken over from a pid that has gone to another process, and from garbage', async () => {
    await withLock(file, () => Promise.resolve(), note);
    for (const content of [JSON.stringify({ pid: process.pid, started: 'long ago' }), 'not json', '{}', '']) {
      writeFileSync(file, content);
      expect(await withLock(file, () => Promise.resolve('done'), note)).toBe('done');
    }
  });

  test('is left to whoever has taken it over', async () => {
    await withLock(
      file,
      () => {
        writeFileSync(file, 'of another');
        return Promise.resolve();
      },
      note,
    );
    expect(readFileSync(file, 'utf8')).toBe('of another');
  });

  test('tells a living owner from a dead one', async () => {
    expect(isAlive(ownerOf(process.pid))).toBe(true);
    expect(isAlive(ownerOf(await pidOfADeadProcess()))).toBe(false);
    expect(isAlive(undefined)).toBe(false);
  });

  test.runIf(process.platform === 'linux')('counts an owner as dead that nobody has reaped', async () => {
    // the shell becomes a sleep, which never waits for its child
    const outer = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = Number(await new Promise((resolve) => outer.stdout.once('data', resolve)));
      const owner = ownerOf(pid);
      expect(isAlive(owner)).toBe(true);
      // until then it is a shell, which may wait for its child
      const [command, child] = [`/proc/${outer.pid}/comm`, `/proc/${pid}/stat`];
      await expect.poll(() => readFileSync(command, 'utf8'), patience).toBe('sleep\n');
      process.kill(pid);
      await expect.poll(() => readFileSync(child, 'utf8').includes(') Z '), patience).toBe(true);
      expect(isAlive(owner)).toBe(false);
    } finally {
      outer.kill();
    }
  });
});

function pidOfADeadProcess(): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('true');
    child.on('error', reject);
    child.on('exit', () => {
      resolve(child.pid ?? 0);
    });
  });
}
