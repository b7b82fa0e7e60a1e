/** Says that failover was paused by one of our own hooks, and by nobody else: whichever hook comes next enables it again. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterDirectory, writePrivateFile } from './places.js';

export interface PauseNote {
  exists(): boolean;
  write(): void;
  remove(): void;
}

export function openPauseNote(prefix: string, directory = clusterDirectory(prefix)): PauseNote {
  const path = join(directory, 'failover-paused');
  return {
    exists: () => existsSync(path),
    write() {
      writePrivateFile(path, 'a hook has paused failover for a lowered setting, and enables it again\n');
    },
    remove() {
      rmSync(path, { force: true });
    },
  };
}
