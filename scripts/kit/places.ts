import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stateDirectory } from '../../constructs/topology.js';

/** The project's directory. */
export const projectDirectory = fileURLToPath(new URL('../../', import.meta.url));

/** The cluster's own files on this machine (git-ignored). */
export function clusterDirectory(prefix: string): string {
  return join(projectDirectory, stateDirectory(prefix));
}

/**
 * Write a file that only its owner reads, whole or not at all: written beside, synced, renamed, directory synced.
 *
 * Its directory is made, for the owner alone, when missing.
 */
export function writePrivateFile(path: string, text: string): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  removeAsides(path);
  const aside = `${path}.${process.pid}.new`;
  try {
    const file = openSync(aside, 'w', 0o600);
    try {
      chmodSync(aside, 0o600);
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncDirectory(directory);
}

/** A file that writePrivateFile() has written, with what a process that was killed may have left of it. */
export function removePrivateFile(path: string): void {
  removeAsides(path);
  rmSync(path, { force: true });
}

/** What processes that have ended were about to write. */
function removeAsides(path: string): void {
  const directory = dirname(path);
  if (!existsSync(directory)) return;
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.new$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(directory, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
