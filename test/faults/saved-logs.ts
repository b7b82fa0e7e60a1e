import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import type { FaultCluster } from './fault-cluster.js';

/** Keep what all servers have logged behind each test that fails, of the file or the describe() in which this is called, and say where. */
export function saveLogsOfFailed(about: string, cluster: () => FaultCluster): void {
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      const directory = mkdtempSync(join(tmpdir(), `pgraft-${about}-`));
      await cluster().saveLogs(directory);
      console.error(`logs of all servers: ${directory}`);
    });
  });
}
