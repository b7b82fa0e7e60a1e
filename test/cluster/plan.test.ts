/** What `npm run plan` says, against real Terraform and Docker; and whether it comes true when it is applied. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../support/cluster-project.js';
import { untruths } from '../support/plan-truth.js';
import { planAndDeploy, type Applied } from '../support/planned.js';
import { docker } from '../support/shell.js';
import { WrittenCluster } from '../support/written-cluster.js';

const steady = { memory: 512 };

describe('npm run plan tells the truth', () => {
  let cluster: WrittenCluster;
  const container = (name: string) => cluster.project.container(name);

  beforeAll(async () => {
    cluster = await WrittenCluster.open(steady);
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await cluster.project.logs());
    });
  });
  afterAll(async () => {
    await cluster.close();
  });

  async function applied(what: string, context: Context, options: { writing?: boolean } = {}): Promise<Applied> {
    const result = await planAndDeploy(cluster, context, options);
    const { review, happened, deploy } = result;
    console.info(
      `${what}: ${review.level}, "${review.verdict}"; deployed in ${deploy.milliseconds} ms, gap ${happened.gap?.toFixed(0)} ms`,
    );
    console.info(happened.events.map(({ action, container }) => `${action} ${container}`).join(', '));
    expect(deploy.status, deploy.output).toBe(0);
    expect.soft(untruths(review, happened)).toEqual([]);
    return result;
  }

  it('of no change', async () => {
    await applied('no change', steady);
  });
  it('of growth', async () => {
    await applied('grow', { ...steady, nodes: 5 });
  });
  it('of shrinking', async () => {
    expect((await cluster.project.npm('switchover', 'replica4')).status).toBe(0);
    await applied('shrink', { ...steady });
  });
  it('of a roll', async () => {
    await applied('shared_buffers', { ...steady, postgresSettings: { shared_buffers: '64MB' } });
  });
  it('of a reload', async () => {
    await applied('work_mem', { ...steady, postgresSettings: { shared_buffers: '64MB', work_mem: '8MB' } });
  });
  it('of a memory', async () => {
    await applied('memory', { memory: 600, postgresSettings: { shared_buffers: '64MB', work_mem: '8MB' } });
  });
  it('of a lower limit', async () => {
    await applied('max_connections', { ...steady, postgresSettings: { max_connections: 60 } });
  });
  it('of a raised limit, and a removed container', async () => {
    await docker('rm', '--force', container('replica2'));
    await applied('max_connections', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a removed standby', async () => {
    await docker('rm', '--force', container('replica2'));
    await docker('volume', 'rm', `${container('replica2')}-data`);
    await applied('lost', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a removed primary', async () => {
    const primary = await cluster.project.primary();
    await docker('rm', '--force', container(primary));
    await docker('volume', 'rm', `${container(primary)}-data`);
    await applied('lost', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a stopped standby in a roll', async () => {
    await docker('stop', container('replica2'));
    await applied('stopped standby', { ...steady, postgresSettings: { max_connections: 90 } });
  });
  it('of a stopped cluster in a roll', async () => {
    await docker('stop', ...cluster.names.map(container));
    await applied(
      'stopped cluster, nothing',
      { ...steady, postgresSettings: { max_connections: 90 } },
      { writing: false },
    );
    await applied('stopped cluster', { ...steady, postgresSettings: { max_connections: 100 } }, { writing: false });
  });
});
