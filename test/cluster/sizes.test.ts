import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { majority, synchronousCount } from '../../constructs/quorum.js';
import { nodeName } from '../../constructs/topology.js';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { eventually, happensWithin } from '../support/eventually.js';
import { docker } from '../support/shell.js';

/** What the status says of a healthy cluster of that size. The sizes between are those of other tests and of bench/. */
const sizes: readonly [nodes: number, meaning: string][] = [
  [1, '1 of 1 server up: a majority, but no further server may fail'],
  [2, '2 of 2 servers up: a majority, but no further server may fail'],
  [9, '9 of 9 servers up: a majority, and 4 more may fail'],
];

describe.each(sizes)('a cluster of %i', (nodes, meaning) => {
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index + 1));
  const standbys = names.slice(1);
  let project: ClusterProject;

  beforeAll(async () => {
    project = await ClusterProject.open({ nodes });
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('starts, and says what its size means', async () => {
    const started = await project.start();
    expect(started.status, started.output).toBe(0);
    console.info(`npm start of ${nodes}: ${started.milliseconds} ms`);
    expect(started.stdout).toContain(`Quorum: ${nodes} of ${nodes} voters answer, ${majority(nodes)} needed`);
    expect(started.stdout).toContain(`Cluster is healthy: ${meaning}`);
    expect(started.stdout).toContain('Leader: Node 1');
  });

  it('has every server as a voter that agrees, and every standby streaming', async () => {
    const { status, stdout } = await project.npm('status', '--json');
    expect(status, stdout).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      healthy: true,
      ...{ leader: 1, primary: 1, term: 1 },
      quorum: { voters: nodes, up: nodes, needed: majority(nodes), met: true },
      nodes: names.map((name, index) => ({
        container: project.container(name),
        endpoint: { port: project.ports.postgres + index },
        raft: { state: index === 0 ? 'leader' : 'follower', term: 1, leaderId: 1 },
      })),
      members: names.map((name, index) => ({ id: index + 1, name, voter: true })),
    });
    const streams = "select count(*) from pg_stat_replication where state = 'streaming' and sync_state = 'quorum'";
    expect(await project.sql('primary', streams)).toBe(String(standbys.length));
  });

  it('acknowledges a write on a majority, and every server gets it', async () => {
    const setting = await project.sql('primary', 'show synchronous_standby_names');
    if (nodes === 1) expect(setting).toBe('');
    else expect(setting).toMatch(new RegExp(`^ANY ${synchronousCount(nodes)} \\((?:[^,]+,?){${standbys.length}}\\)$`));
    await project.sql('primary', 'create table sized (n int); insert into sized values (42)');
    const lsn = await project.sql('primary', 'select pg_current_wal_flush_lsn()');
    for (const name of standbys) {
      const applied = async () =>
        (await project.sql(name, `select pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn`)) === 't';
      await happensWithin(`${name} has applied the write`, 5_000, applied);
      expect(await project.sql(name, 'table sized')).toBe('42');
    }
    const { stdout } = await project.npm('url');
    const hosts = names.map((_, index) => `127.0.0.1:${project.ports.postgres + index}`);
    expect(stdout).toContain(`@${hosts.join(',')}/app?`);
  });

  if (nodes === 2) {
    it('waits with writes while one of two is away, says so, and goes on with it', async () => {
      await docker('stop', project.container('replica1'));
      // without a majority it stops being the primary, and answers reads as a standby
      const role = async () =>
        project.sql('primary', 'select role, pg_is_in_recovery() from pgraft_get_cluster_status()');
      await eventually('it to be a standby', role, (seen) => seen === 'waiting|t', 20_000);
      const { status, stdout } = await project.npm('status');
      expect(status).toBe(1);
      expect(stdout).toContain('1 of 2 servers up: no majority (2), writes wait until 1 more come back');
      expect(await project.sql('primary', 'select count(*) from sized where n = 42')).toBe('1');
      await expect(project.sql('primary', 'insert into sized values (43)')).rejects.toThrow(/read-only transaction/);
      const started = await project.start();
      expect(started.status, started.output).toBe(0);
      // either of the two is the primary now
      const written = async () => (await project.sqlAtPrimary('insert into sized values (44)')) === 'INSERT 0 1';
      await happensWithin('writes go on', 5_000, written);
      expect(await project.sqlAtPrimary('select count(*) from sized where n = 44')).toBe('1');
      expect(await project.sqlAtPrimary('select count(*) from sized where n in (42, 43)')).toBe('1');
    });
  }

  it('is destroyed without a trace', async () => {
    const destroyed = await project.npm('destroy', '--yes');
    expect(destroyed.status, destroyed.output).toBe(0);
    console.info(`npm run destroy of ${nodes}: ${destroyed.milliseconds} ms`);
    expect(await project.objects()).toEqual([]);
    expect((await project.npm('status')).status).toBe(2);
  });
});
