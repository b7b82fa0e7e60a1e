import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  const aside = `${path}.${process.pid}.new`;
  const file = openSync(aside, 'w', 0o600);
  try {
    chmodSync(aside, 0o600);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  syncDirectory(directory);
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
