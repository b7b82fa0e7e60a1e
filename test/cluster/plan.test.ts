/** What `npm run plan` says, against real Terraform and Docker; and whether it comes true when it is applied. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClusterProject, type Context } from '../support/cluster-project.js';
import { planAndDeploy, type Applied } from '../support/planned.js';
import { untruths } from '../support/plan-truth.js';
import { docker } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';

const steady = { memory: 512 };
const names = ['primary', 'replica1', 'replica2', 'replica3', 'replica4'];

describe('npm run plan tells the truth', () => {
  let project: ClusterProject;
  let load: WriteLoad | undefined;

  beforeAll(async () => {
    project = await ClusterProject.open(steady);
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await project.logs());
    });
  });
  afterAll(async () => {
    await load?.end();
    await project.close();
  });

  async function applied(what: string, context: Context): Promise<Applied> {
    project.configure(context);
    const result = await planAndDeploy(
      project,
      async () => project.cdktf('deploy', '*', '--auto-approve'),
      load && { load },
    );
    const { review, happened, deploy } = result;
    console.info(
      `${what}: ${review.level}, "${review.verdict}"; deployed in ${deploy.milliseconds} ms, gap ${happened.gap?.toFixed(0)} ms`,
    );
    console.info(happened.events.map(({ action, container }) => `${action} ${container}`).join(', '));
    expect(deploy.status, deploy.output).toBe(0);
    expect.soft(untruths(review, happened)).toEqual([]);
    return result;
  }

  it('of a first deploy', async () => {
    const before = { containers: new Map(), volumes: new Map(), primary: undefined, promotion: undefined, voters: 0 };
    const result = await planAndDeploy(project, async () => project.start(), { before });
    expect(result.deploy.status, result.deploy.output).toBe(0);
    expect(result.status).toBe(2);
    expect(untruths(result.review, result.happened)).toEqual([]);
    const secrets = JSON.parse(readFileSync(project.file('secrets.json'), 'utf8')) as { application_password: string };
    const endpoints = names.map((_, index) => ({ host: '127.0.0.1', port: project.ports.postgres + index }));
    const login = { user: 'app', password: secrets.application_password, database: 'app' };
    load = await WriteLoad.begin({ endpoints, login, pace: 5 });
  });

  it('of no change', async () => {
    await applied('no change', steady);
  });
  it('of growth', async () => {
    await applied('grow', { ...steady, nodes: 5 });
  });
  it('of shrinking', async () => {
    expect((await project.npm('switchover', 'replica4')).status).toBe(0);
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
    await docker('rm', '--force', project.container('replica2'));
    await applied('max_connections', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a removed standby', async () => {
    await docker('rm', '--force', project.container('replica2'));
    await docker('volume', 'rm', `${project.container('replica2')}-data`);
    await applied('lost', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a removed primary', async () => {
    const primary = await project.primary();
    await docker('rm', '--force', project.container(primary));
    await docker('volume', 'rm', `${project.container(primary)}-data`);
    await applied('lost', { ...steady, postgresSettings: { max_connections: 80 } });
  });
  it('of a stopped standby in a roll', async () => {
    await docker('stop', project.container('replica2'));
    await applied('stopped standby', { ...steady, postgresSettings: { max_connections: 90 } });
  });
  it('of a stopped cluster in a roll', async () => {
    await load?.end();
    load = undefined;
    await docker('stop', ...names.slice(0, 3).map((name) => project.container(name)));
    await applied('stopped cluster, nothing', { ...steady, postgresSettings: { max_connections: 90 } });
    await applied('stopped cluster', { ...steady, postgresSettings: { max_connections: 100 } });
  });
});
