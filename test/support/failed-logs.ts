import { beforeEach } from 'vitest';
import type { ClusterProject } from './cluster-project.js';

/** Show what the servers of the project have logged behind each test that fails, of the file or the describe() in which this is called. */
export function showLogsOfFailed(project: () => Pick<ClusterProject, 'logs'>): void {
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await project().logs());
    });
  });
}
