import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { expectAgreement, expectReplication, expectStarted, type Size } from './size.js';

/** Of two servers two-clusters.test.ts says as much; the sizes between are those of other tests and of bench/. */
const sizes: readonly Size[] = [
  { nodes: 1, meaning: '1 of 1 server up: a majority, but no further server may fail' },
  { nodes: 9, meaning: '9 of 9 servers up: a majority, and 4 more may fail' },
];

describe.each(sizes)('a cluster of $nodes', (size) => {
  const { nodes } = size;
  let project: ClusterProject;

  beforeAll(async () => {
    project = await ClusterProject.open({ nodes });
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('starts, and says what its size means', async () => {
    expectStarted(await project.start(), size);
  });

  it('has every server as a voter that agrees, and every standby streaming', async () => {
    await expectAgreement(project, size);
  });

  it('acknowledges a write on a majority, and every server gets it', async () => {
    await expectReplication(project, size);
  });

  it('is destroyed without a trace', async () => {
    const destroyed = await project.npm('destroy', '--yes');
    expect(destroyed.status, destroyed.output).toBe(0);
    console.info(`npm run destroy of ${nodes}: ${destroyed.milliseconds} ms`);
    expect(await project.objects()).toEqual([]);
    expect((await project.npm('status')).status).toBe(2);
  });
});
