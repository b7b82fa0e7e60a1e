/** What holds of a cluster of any size that has just been made. */
import { expect } from 'vitest';
import { majority, synchronousCount } from '../../constructs/quorum.js';
import { nodeName } from '../../constructs/topology.js';
import type { ClusterProject } from './cluster-project.js';
import { happensWithin } from './eventually.js';
import type { Ended } from './shell.js';

export interface Size {
  readonly nodes: number;
  /** What the status says of a healthy cluster of that size. */
  readonly meaning: string;
}

const namesOf = (nodes: number) => Array.from({ length: nodes }, (_, index) => nodeName(index + 1));

/** `npm start` has made it. */
export function expectStarted(started: Ended, { nodes, meaning }: Size): void {
  expect(started.status, started.output).toBe(0);
  console.info(`npm start of ${nodes}: ${started.milliseconds} ms`);
  expect(started.stdout).toContain(`Quorum: ${nodes} of ${nodes} voters answer, ${majority(nodes)} needed`);
  expect(started.stdout).toContain(`Cluster is healthy: ${meaning}`);
  expect(started.stdout).toContain('Leader: Node 1');
}

/** Every server is a voter that agrees, and every standby streams. */
export async function expectAgreement(project: ClusterProject, { nodes }: Size): Promise<void> {
  const names = namesOf(nodes);
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
  expect(await project.sql('primary', streams)).toBe(String(nodes - 1));
}

/** A write is acknowledged by a majority, every server gets it, and the URL names them all. */
export async function expectReplication(project: ClusterProject, { nodes }: Size): Promise<void> {
  const [, ...standbys] = namesOf(nodes);
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
  const hosts = namesOf(nodes).map((_, index) => `127.0.0.1:${project.ports.postgres + index}`);
  expect(stdout).toContain(`@${hosts.join(',')}/app?`);
}
