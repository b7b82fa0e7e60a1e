import { expect } from 'vitest';
import type { ClusterProject } from '../../support/cluster-project.js';
import { eventually } from '../../support/eventually.js';

const deadline = 60_000;

/** Nobody does anything for it: healthy in the eyes of `npm run status`, and failover is not left paused. */
export async function expectHealth(project: ClusterProject): Promise<void> {
  const status = async () => project.npm('status');
  await eventually('a healthy cluster', status, (seen) => seen.status === 0, deadline);
  const enabled = "select value from pgraft_get_config() where key = 'failover_enabled'";
  expect(await project.sqlAtPrimary(enabled)).toBe('true');
}
