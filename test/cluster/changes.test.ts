import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClusterProject, type Context } from '../support/cluster-project.js';
import { docker, type Ended } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';
import { findLost, longestGap, rangesQuery, type Range } from '../support/write-record.js';

const names = ['primary', 'replica1', 'replica2', 'replica3', 'replica4'];
const steady = { memory: 512 };
const host = '127.0.0.1';

describe('a running cluster that is written to is changed by changing its code:', () => {
  let project: ClusterProject;
  let load: WriteLoad;
  let password = '';

  const containers = (count: number) => names.slice(0, count).map((name) => project.container(name));
  const identities = async (count: number) =>
    (await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers(count))).split('\n');
  const deploy = async (context: Context) => {
    project.configure(context);
    return project.cdktf('deploy', '*', '--auto-approve');
  };
  const members = async () =>
    project.sqlAtPrimary("select string_agg(node_id::text, ',' order by node_id) from pgraft_get_nodes() where voter");

  beforeAll(async () => {
    project = await ClusterProject.open(steady);
    const started = await project.start();
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
    const secrets = JSON.parse(readFileSync(project.file('secrets.json'), 'utf8')) as { application_password: string };
    password = secrets.application_password;
    const endpoints = names.map((_, index) => ({ host, port: project.ports.postgres + index }));
    const login = { user: 'app', password, database: 'app' };
    load = await WriteLoad.begin({ endpoints, login, pace: 5 });
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await project.logs());
    });
  });
  afterAll(async () => {
    await load.end();
    await project.close();
  });

  /** Deploy `context`, which must succeed and lose nothing; tells how long nobody was acknowledged. */
  async function changes(what: string, context: Context): Promise<void> {
    const begun = performance.now();
    const ended = await deploy(context);
    expect(ended.status, ended.output).toBe(0);
    const took = performance.now() - begun;
    const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
    console.info(`${what}: ${(took / 1000).toFixed(1)} s, ${gap.toFixed(0)} ms without a write at most`);
    expect((await project.npm('status')).status).toBe(0);
    await nothingIsLost();
    const diff = await project.cdktf('diff', 'cluster');
    expect(diff.output).toContain('found no differences');
  }

  async function nothingIsLost(): Promise<void> {
    const acknowledged = load.acknowledgedWrites();
    const index = names.indexOf(await project.primary());
    const client = new pg.Client({
      host,
      port: project.ports.postgres + index,
      user: 'app',
      password,
      database: 'app',
    });
    await client.connect();
    try {
      const { rows } = await client.query<Range>(rangesQuery);
      expect(findLost(acknowledged, rows)).toEqual([]);
    } finally {
      await client.end();
    }
  }

  function expectFailure(ended: Ended, parts: readonly string[]): void {
    expect(ended.status, ended.output).toBe(1);
    // Terraform breaks lines and draws a border
    const words = ended.output.replaceAll('│', ' ').replaceAll(/\s+/g, ' ');
    for (const part of parts) expect(words).toContain(part);
  }

  it('it grows from 3 to 5, and the containers that stay are untouched', async () => {
    const before = await identities(3);
    await changes('3 -> 5', { ...steady, nodes: 5 });
    expect(await members()).toBe('1,2,3,4,5');
    expect(await identities(3)).toEqual(before);
  });

  it('it shrinks from 5 to 3, also when one that leaves leads', async () => {
    const before = await identities(3);
    expect((await project.npm('switchover', 'replica4')).status).toBe(0);
    await changes('5 -> 3', steady);
    expect(await members()).toBe('1,2,3');
    expect(await identities(3)).toEqual(before);
    const left = await project.objects();
    for (const name of ['replica3', 'replica4']) {
      expect(left).not.toContain(project.container(name));
      expect(left).not.toContain(`${project.container(name)}-data`);
    }
  });

  it('it does not take the data of a majority unless that is allowed', async () => {
    const before = await identities(3);
    expectFailure(await deploy({ ...steady, nodes: 1 }), [
      'are 2 of 3 voters: a majority of the data at once; nothing was removed',
      'PGRAFT_SHRINK_BELOW_MAJORITY=true',
    ]);
    expect(await identities(3)).toEqual(before);
    await changes('set back', steady);
    await changes('3 -> 1', { ...steady, nodes: 1, shrinkBelowMajority: true });
    expect(await members()).toBe('1');
    await changes('1 -> 3', steady);
    expect(await members()).toBe('1,2,3');
  });

  it('a setting that a reload can take touches no container', async () => {
    const before = await identities(3);
    await changes('work_mem', { ...steady, postgresSettings: { work_mem: '8MB' } });
    expect(await identities(3)).toEqual(before);
    for (const name of names.slice(0, 3)) expect(await project.sql(name, 'show work_mem')).toBe('8MB');
    await docker('restart', project.container('replica1'));
    await changes('none', steady);
    for (const name of names.slice(0, 3)) expect(await project.sql(name, 'show work_mem')).toBe('4MB');
  });

  it('a setting that PostgreSQL refuses is refused, with its words, and changes nothing', async () => {
    const before = await identities(3);
    expectFailure(await deploy({ ...steady, postgresSettings: { work_mem: 'much' } }), ["work_mem = 'much': "]);
    expect(await identities(3)).toEqual(before);
    expect(await project.sqlAtPrimary('show work_mem')).toBe('4MB');
    await changes('set back', steady);
  });

  it('a setting that needs a restart replaces one server at a time, the primary last', async () => {
    const primary = await project.primary();
    await changes('shared_buffers', { ...steady, postgresSettings: { shared_buffers: '64MB' } });
    for (const name of names.slice(0, 3)) expect(await project.sql(name, 'show shared_buffers')).toBe('64MB');
    expect(await project.primary()).not.toBe(primary);
    const created = await docker('inspect', '--format', '{{.Created}} {{.Name}}', ...containers(3));
    expect(created.split('\n').sort().at(-1)).toContain(project.container(primary));
  });

  it('a lowered max_connections reaches the primary first, a raised one the standbys (R20)', async () => {
    const shared = { shared_buffers: '64MB' };
    const primary = await project.primary();
    await changes('max_connections 100 -> 60', { ...steady, postgresSettings: { ...shared, max_connections: 60 } });
    for (const name of names.slice(0, 3)) expect(await project.sql(name, 'show max_connections')).toBe('60');
    const created = await docker('inspect', '--format', '{{.Created}} {{.Name}}', ...containers(3));
    expect(created.split('\n').sort()[0]).toContain(project.container(primary));
    expect(await project.sqlAtPrimary("select value from pgraft_get_config() where key = 'failover_enabled'")).toBe(
      'true',
    );
    await changes('max_connections 60 -> 100', steady);
    for (const name of names.slice(0, 3)) expect(await project.sql(name, 'show max_connections')).toBe('100');
  });

  it.each([
    ['a standby', false, false],
    ['a standby with its volume', true, false],
    ['the primary with its volume', true, true],
  ])('%s that is removed comes back with the next deploy', async (what, withVolume, leads) => {
    const primary = await project.primary();
    const name = leads ? primary : (names.slice(0, 3).find((other) => other !== primary) ?? '');
    await docker('rm', '--force', project.container(name));
    if (withVolume) await docker('volume', 'rm', `${project.container(name)}-data`);
    await changes(what, steady);
    expect(await members()).toBe('1,2,3');
  });

  it('a second deploy is refused before it synthesizes, and so are switchover and maintain', async () => {
    const first = deploy({ ...steady, postgresSettings: { shared_buffers: '48MB' } });
    const refusal = '"cdktf deploy" is under way';
    const deadline = performance.now() + 30_000;
    let second = await project.npm('switchover');
    while (!second.output.includes(refusal) && performance.now() < deadline) second = await project.npm('switchover');
    expect(second.output).toContain(refusal);
    expect((await project.cdktf('deploy', '*', '--auto-approve')).output).toContain(refusal);
    expect((await project.npm('maintain', 'replica1')).output).toContain(refusal);
    const ended = await first;
    expect(ended.status, ended.output).toBe(0);
    await changes('set back', steady);
  });

  it('an image that does not build changes nothing', async () => {
    const before = await identities(3);
    const dockerfile = join(project.directory, 'image', 'Dockerfile');
    const whole = readFileSync(dockerfile);
    appendFileSync(dockerfile, '\nRUN echo this build is broken >&2 && exit 3\n');
    try {
      expectFailure(await project.start(), ['echo this build is broken', 'exit 3', 'returned a non-zero code: 3']);
      expect(await identities(3)).toEqual(before);
    } finally {
      writeFileSync(dockerfile, whole);
    }
    await changes('set back', steady);
    expect(await identities(3)).toEqual(before);
  });

  it('a memory limit is changed in place', async () => {
    const before = await identities(3);
    await changes('memory', { memory: 1024 });
    const limits = await docker('inspect', '--format', '{{.HostConfig.Memory}}', ...containers(3));
    expect(limits.split('\n')).toEqual(Array(3).fill(String(1024 * 1024 * 1024)));
    expect(await identities(3)).toEqual(before);
  });
});
