import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { expectAgreement, expectReplication, expectStarted, type Size } from '../../support/size.js';

/** The largest, on request. Of one server broken-bootstrap.test.ts says as much, of two two-clusters.test.ts; the others are those of other tests and of bench/. */
const size: Size = { nodes: 9, meaning: '9 of 9 servers up: a majority, and 4 more may fail' };

describe('a cluster of nine', () => {
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
