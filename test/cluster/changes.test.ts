import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageTag } from '../../constructs/image-tag.js';
import type { ClusterProject, Context } from '../support/cluster-project.js';
import { eventually } from '../support/eventually.js';
import { untruths } from '../support/plan-truth.js';
import { planAndDeploy } from '../support/planned.js';
import { docker, mustRun, type Ended } from '../support/shell.js';
import { WrittenCluster } from '../support/written-cluster.js';
import { showLogsOfFailed } from '../support/failed-logs.js';

const names = ['primary', 'replica1', 'replica2', 'replica3', 'replica4'];
const three = names.slice(0, 3);
const steady = { memory: 512 };
const withWorkMem = { ...steady, postgresSettings: { work_mem: '8MB' } };

describe('a running cluster that is written to is changed by changing its code:', () => {
  let cluster: WrittenCluster;
  let project: ClusterProject;
  let anotherImage: string | undefined;

  const containers = (count: number) => names.slice(0, count).map((name) => project.container(name));
  const identities = async (count: number) =>
    (await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers(count))).split('\n');
  /** Containers of the three, the oldest first. */
  const byAge = async () => {
    const created = await docker('inspect', '--format', '{{.Created}} {{.Name}}', ...containers(3));
    return created
      .split('\n')
      .sort()
      .map((line) => line.replace(/^.* \//, ''));
  };
  const members = async () =>
    project.sqlAtPrimary("select string_agg(node_id::text, ',' order by node_id) from pgraft_get_nodes() where voter");
  const shown = async (setting: string, servers: readonly string[] = three) =>
    Promise.all(servers.map(async (name) => project.sql(name, `show ${setting}`)));

  beforeAll(async () => {
    cluster = await WrittenCluster.open(steady);
    project = cluster.project;
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await (cluster as WrittenCluster | undefined)?.close();
    if (anotherImage !== undefined) await docker('image', 'rm', '--force', anotherImage);
  });

  /** Deploy `context`, which must do what the plan says of it, lose nothing and leave nothing to do. */
  async function changes(what: string, context: Context): Promise<void> {
    project.configure(context);
    const { review, deploy, happened } = await planAndDeploy(project, async () => cluster.deploy(context), {
      gapSince: async (begun) => cluster.gapSince(begun),
    });
    const { gap = 0 } = happened;
    const took = deploy.milliseconds / 1000;
    console.info(`${what}: ${took.toFixed(1)} s, ${gap.toFixed(0)} ms without a write at most: ${review.verdict}`);
    expect(untruths(review, happened)).toEqual([]);
    const status = await project.npm('status');
    expect(status.status, status.output).toBe(0);
    expect(status.output).not.toMatch(/setting .* differs/);
    expect(await cluster.missing()).toEqual([]);
    const plan = await project.npm('plan');
    expect(plan.status, plan.output).toBe(0);
  }

  function expectFailure(ended: Ended, parts: readonly string[]): void {
    expect(ended.status, ended.output).toBe(1);
    // Terraform breaks lines and draws a border
    const words = ended.output.replaceAll('│', ' ').replaceAll(/\s+/g, ' ');
    for (const part of parts) expect(words).toContain(part);
  }

  it('it grows from 3 to 5: containers that stay are untouched, also by a memory limit and a setting that a reload can take', async () => {
    const before = await identities(3);
    await changes('3 -> 5, and work_mem', { ...withWorkMem, memory: 768, nodes: 5 });
    expect(await members()).toBe('1,2,3,4,5');
    expect(await identities(3)).toEqual(before);
    const limits = await docker('inspect', '--format', '{{.HostConfig.Memory}}', ...containers(5));
    expect(limits.split('\n')).toEqual(Array(5).fill(String(768 * 1024 * 1024)));
    expect(await shown('work_mem', names)).toEqual(Array(5).fill('8MB'));
  });

  it('it does not take the data of a majority unless that is allowed', async () => {
    const before = await identities(5);
    expectFailure(await cluster.deploy({ ...steady, nodes: 2 }), [
      'are 3 of 5 voters: a majority of the data at once; nothing was removed',
      'nodes = 3 first',
      'PGRAFT_SHRINK_BELOW_MAJORITY=true',
    ]);
    expect(await identities(5)).toEqual(before);
    expect(await members()).toBe('1,2,3,4,5');
  });

  it('it shrinks from 5 to 3, also when one that leaves leads', async () => {
    const before = await identities(3);
    expect((await project.npm('switchover', 'replica4')).status).toBe(0);
    await changes('5 -> 3', withWorkMem);
    expect(await members()).toBe('1,2,3');
    expect(await identities(3)).toEqual(before);
    const left = await project.objects();
    for (const name of ['replica3', 'replica4']) {
      expect(left).not.toContain(project.container(name));
      expect(left).not.toContain(`${project.container(name)}-data`);
    }
  });

  it('a setting that a reload can take stays through a restart, and a wrong one is refused', async () => {
    await docker('restart', project.container('replica1'));
    const everywhere = (values: readonly string[]) => values.every((it) => it === '8MB');
    await eventually('work_mem on all three', async () => shown('work_mem'), everywhere, 30_000);
    const before = await identities(3);
    expectFailure(await cluster.deploy({ ...steady, postgresSettings: { work_mem: 'much' } }), ["work_mem = 'much': "]);
    expect(await shown('work_mem')).toEqual(['8MB', '8MB', '8MB']);
    expect(await identities(3)).toEqual(before);
  });

  it('a lowered max_connections reaches the primary first (R20), and whatever else comes meanwhile is refused', async () => {
    const primary = await project.primary();
    const lock = project.file('operation.lock');
    const holder = () => (existsSync(lock) ? readFileSync(lock, 'utf8') : '');
    // that of a deploy that has ended stays
    const last = holder();
    const othersAreRefused = async () => {
      const begun = (text: string) => text !== last && text.includes('cdktf deploy');
      await eventually('the deploy to begin', holder, begun, 120_000);
      const deploy = project.cdktf('deploy', '*', '--auto-approve');
      for (const other of await Promise.all([deploy, project.npm('switchover'), project.npm('maintain', 'replica1')])) {
        expectFailure(other, ['"cdktf deploy" is under way on cluster', 'nothing was changed']);
      }
    };
    const settings = { shared_buffers: '64MB', max_connections: 60 };
    const rolled = changes('max_connections 100 -> 60', { ...steady, postgresSettings: settings });
    await Promise.all([rolled, othersAreRefused()]);
    expect(await shown('max_connections')).toEqual(['60', '60', '60']);
    expect(await shown('shared_buffers')).toEqual(['64MB', '64MB', '64MB']);
    // that was declared before, and is no more
    expect(await shown('work_mem')).toEqual(['4MB', '4MB', '4MB']);
    expect((await byAge())[0]).toBe(project.container(primary));
    const enabled = "select value from pgraft_get_config() where key = 'failover_enabled'";
    expect(await project.sqlAtPrimary(enabled)).toBe('true');
  });

  it('another image, and settings that need a restart, replace one server at a time, the primary last', async () => {
    const primary = await project.primary();
    const image = async () => docker('inspect', '--format', '{{.Config.Image}}', ...containers(3));
    const before = await image();
    appendFileSync(join(project.directory, 'image', 'Dockerfile'), '\nLABEL pgraft.test="another image"\n');
    anotherImage = imageTag(project.directory);
    await changes('another image', steady);
    expect((await image()).split('\n')).toEqual(Array(3).fill(anotherImage));
    expect(before).not.toContain(anotherImage);
    expect(await shown('max_connections')).toEqual(['100', '100', '100']);
    expect(await project.primary()).not.toBe(primary);
    expect((await byAge()).at(-1)).toBe(project.container(primary));
  });

  it('an image that does not build changes nothing', async () => {
    const before = await identities(3);
    const dockerfile = join(project.directory, 'image', 'Dockerfile');
    const whole = readFileSync(dockerfile);
    appendFileSync(dockerfile, '\nRUN echo this build is broken >&2 && exit 3\n');
    try {
      expectFailure(await project.start(), ['echo this build is broken', 'exit 3', 'returned a non-zero code: 3']);
    } finally {
      writeFileSync(dockerfile, whole);
    }
    expect(await identities(3)).toEqual(before);
  });

  it.each([
    ['a standby', false],
    ['the primary with its volume', true],
  ])('%s that is removed comes back with the next deploy', async (what, leads) => {
    const primary = await project.primary();
    const name = leads ? primary : (three.find((other) => other !== primary) ?? '');
    await docker('rm', '--force', project.container(name));
    if (leads) await mustRun('docker', ['volume', 'rm', `${project.container(name)}-data`]);
    await changes(what, steady);
    expect(await members()).toBe('1,2,3');
  });

  it('it shrinks from 3 to 1 when that is allowed', async () => {
    await changes('3 -> 1', { ...steady, nodes: 1, shrinkBelowMajority: true });
    expect(await members()).toBe('1');
  });
});
