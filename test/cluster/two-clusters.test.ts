import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { eventually, happensWithin } from '../support/eventually.js';
import { readUrl } from '../support/primary-connection.js';
import { docker } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';
import { expectAgreement, expectReplication, expectStarted, type Size } from '../support/size.js';

const size: Size = { nodes: 2, meaning: '2 of 2 servers up: a majority, but no further server may fail' };
const states = ['terraform.image.tfstate', 'terraform.cluster.tfstate', 'secrets.json'];

describe('two clusters of one checkout, side by side:', () => {
  let first: ClusterProject;
  let second: ClusterProject;

  /** Docker's id of each server, and since when it runs. */
  const servers = async ({ prefix }: ClusterProject) => {
    const names = ['primary', 'replica1'].map((name) => `${prefix}-${name}`);
    return docker('inspect', '--format', '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}', ...names);
  };
  const write = async (project: ClusterProject) =>
    WriteLoad.begin({ ...readUrl((await project.npm('url')).stdout), clients: 1, pace: 5 });
  /** Run `work` while `project` is written to, and expect it not to notice. */
  const unnoticedBy = async (project: ClusterProject, work: () => Promise<unknown>) => {
    const before = await servers(project);
    const load = await write(project);
    try {
      await happensWithin('writes are under way', 10_000, async () => Promise.resolve(load.acknowledged > 20));
      const earlier = load.acknowledged;
      await work();
      const later = load.acknowledged;
      await happensWithin('writes go on', 5_000, async () => Promise.resolve(load.acknowledged > later + 20));
      console.info(`${later - earlier} commits meanwhile, the slowest took ${load.slowest.toFixed(0)} ms`);
    } finally {
      await load.end();
    }
    expect(Object.fromEntries(load.failures)).toEqual({});
    expect(await project.sqlAtPrimary('select count(*) from writes', 'app')).toBe(String(load.acknowledged));
    expect(await servers(project)).toBe(before);
  };

  beforeAll(async () => {
    first = await ClusterProject.open({ nodes: size.nodes });
    second = await first.beside();
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(`${await first.logs()}\n${await second.logs()}`);
    });
  });
  afterAll(async () => {
    try {
      await second.close();
    } finally {
      await first.close();
    }
  });

  it('two servers start, and say what their number means', async () => {
    expectStarted(await first.start(), size);
    await expectAgreement(first, size);
    await expectReplication(first, size);
  });

  it('wait with writes while one of them is away, say so, and go on with it', async () => {
    await docker('stop', first.container('replica1'));
    // without a majority it stops being the primary, and answers reads as a standby
    const role = async () => first.sql('primary', 'select role, pg_is_in_recovery() from pgraft_get_cluster_status()');
    await eventually('it to be a standby', role, (seen) => seen === 'waiting|t', 20_000);
    const { status, stdout } = await first.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain('1 of 2 servers up: no majority (2), writes wait until 1 more come back');
    expect(await first.sql('primary', 'select count(*) from sized where n = 42')).toBe('1');
    await expect(first.sql('primary', 'insert into sized values (43)')).rejects.toThrow(/read-only transaction/);
    const started = await first.start();
    expect(started.status, started.output).toBe(0);
    // either of the two is the primary now
    const written = async () => (await first.sqlAtPrimary('insert into sized values (44)')) === 'INSERT 0 1';
    await happensWithin('writes go on', 5_000, written);
    expect(await first.sqlAtPrimary('select count(*) from sized where n = 44')).toBe('1');
    expect(await first.sqlAtPrimary('select count(*) from sized where n in (42, 43)')).toBe('1');
  });

  it('the second is made while the first is written to, and the first does not notice', async () => {
    await unnoticedBy(first, async () => {
      const started = await second.start();
      expect(started.status, started.output).toBe(0);
    });
  });

  it('each has servers, secrets, states and a status of its own', async () => {
    for (const project of [first, second]) {
      for (const file of states) expect(existsSync(project.file(file)), project.file(file)).toBe(true);
      const { status, stdout } = await project.npm('status', '--json');
      expect(status, stdout).toBe(0);
      const containers = ['primary', 'replica1'].map((name) => ({ container: project.container(name) }));
      expect(JSON.parse(stdout)).toMatchObject({ prefix: project.prefix, healthy: true, nodes: containers });
    }
    const [one, other] = await Promise.all([first.npm('url'), second.npm('url')]);
    expect(one.stdout).not.toBe(other.stdout);
    await first.sqlAtPrimary('create table only_first ()');
    expect(await second.sql('primary', "select to_regclass('only_first') is null")).toBe('t');
    const system = 'select system_identifier from pg_control_system()';
    expect(await first.sql('primary', system)).not.toBe(await second.sql('primary', system));
  });

  it('plain cdktf does not mistake one for the other', async () => {
    const mixed = await first.run('node_modules/.bin/cdktf', ['diff', 'cluster'], {
      env: { CI: 'true', PGRAFT_PREFIX: second.prefix, PGRAFT_POSTGRES_PORT: String(second.ports.postgres) },
    });
    expect(mixed.status, mixed.output).not.toBe(0);
    expect(mixed.output).toContain(`--output .pgraft/${second.prefix}/cdktf.out`);
  });

  it('the first is destroyed while the second is written to, and the second does not notice', async () => {
    await unnoticedBy(second, async () => {
      const destroyed = await first.npm('destroy', '--yes');
      expect(destroyed.status, destroyed.output).toBe(0);
      expect(await first.objects()).toEqual([]);
    });
    expect((await second.npm('status')).status).toBe(0);
    expect((await first.npm('status')).status).toBe(2);
  });
});
