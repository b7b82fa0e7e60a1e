import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import type { Server, ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';
import { StoppedReceivers } from '../stopped-receivers.js';

const remove = 'SELECT pgraft_remove_node($1) AS done';
const members = 'SELECT count(*)::int FROM pgraft_get_nodes()';
const voter = 'SELECT voter FROM pgraft_get_nodes() WHERE node_id = $1';
const heartbeats = 'SELECT heartbeats_sent FROM pgraft_get_cluster_status()';
/**
 * As many as a leader of three sends in a second: a change without a barrier takes some milliseconds, and a stream whose receiver
 * stands still ends after three (wal_sender_timeout), whereupon a removal is refused.
 */
const manyHeartbeats = 25;
const changeDeadline = 30_000;

/** R13: no change of membership before what was acknowledged is on a majority of the members by their own streams. */
export function barrier(group: () => ServerGroup): void {
  describe('R13: the WAL barrier', () => {
    let receivers: StoppedReceivers | undefined;
    let frozen: { server: Server; pid: string } | undefined;
    afterEach(async () => {
      receivers?.resume();
      frozen?.server.attempt(['kill', '-CONT', frozen.pid]);
      await allMembers(group());
      await serving(group(), 40_000);
    });

    it('holds a removal back while no standby has the WAL, although Raft has its majority', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      const removed = standbys[1] as Server;
      receivers = StoppedReceivers.at(standbys);
      await unflushed(primary);
      const removal = watched(change(primary, remove, [removed.id]));

      await beats(primary, manyHeartbeats);
      expect(removal.soFar).toBe('waits');
      expect(await primary.value(members)).toBe(3);

      receivers.resume();
      expect(await removal.outcome).toBe(true);
      expect(await primary.value(members)).toBe(2);
    });

    it('lets nobody vote who has not the WAL itself', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      const newcomer = standbys[1] as Server;
      await change(primary, remove, [newcomer.id]);
      await standsAlone(newcomer);
      // it joins Raft, but follows nobody
      frozen = { server: newcomer, pid: newcomer.workerPid('role') };
      newcomer.exec(['kill', '-STOP', frozen.pid]);
      const addition = watched(add(primary, newcomer));
      const isVoter = () => primary.value(voter, [newcomer.id]);
      await eventually(`${newcomer.name} to be a member`, isVoter, (seen) => seen !== undefined, 15_000);

      await beats(primary, manyHeartbeats);
      expect(addition.soFar).toBe('waits');
      expect(await isVoter()).toBe(false);

      newcomer.exec(['kill', '-CONT', frozen.pid]);
      expect(await addition.outcome).toBe(true);
      expect(await isVoter()).toBe(true);
    });
  });
}

/** WAL that is on the primary alone: a commit that waits for nobody. */
async function unflushed(primary: Server): Promise<void> {
  await primary.query('SET synchronous_commit = local; CREATE TABLE IF NOT EXISTS unflushed (id int)');
}

async function beats(primary: Server, count: number): Promise<void> {
  const before = Number(await primary.value(heartbeats));
  const sent = async () => Number(await primary.value(heartbeats)) - before;
  await eventually(`${count} heartbeats`, sent, (now) => now >= count, 20_000);
}

/** It knows that it was removed, and streams from nobody. */
async function standsAlone(server: Server): Promise<void> {
  await server.shows({ state: 'unavailable' }, 10_000);
  const stream = `SELECT current_setting('primary_conninfo') = '' AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)`;
  const looks = () => server.value(stream);
  await eventually(`${server.name} to stream from nobody`, looks, (alone) => alone === true, 10_000);
}

/** A change takes longer than other queries may. */
async function change(primary: Server, text: string, values: readonly unknown[]): Promise<unknown> {
  const { rows } = await primary.query<{ done: boolean }>(text, values, undefined, changeDeadline);
  return rows[0]?.done;
}

async function add(primary: Server, server: Server): Promise<unknown> {
  return change(primary, 'SELECT pgraft_add_node($1, $2, $3) AS done', [server.id, server.hostname, server.raftPort]);
}

/** Whoever was removed is added again. */
async function allMembers(group: ServerGroup): Promise<void> {
  const shown = await group.each(async (server) => ({ server, ...(await server.status()) }));
  const primary = shown.find(({ role }) => role === 'primary')?.server;
  if (primary === undefined) throw new Error('no server is the primary');
  for (const server of group.servers) {
    const present = async () => (await primary.value(voter, [server.id])) ?? (await add(primary, server));
    await eventually(`${server.name} to be a member`, present, (seen) => seen === true, changeDeadline);
  }
}

/** What a promise has come to so far, without waiting for it. */
function watched<T>(outcome: Promise<T>): { soFar: string; readonly outcome: Promise<T> } {
  const seen = { soFar: 'waits', outcome };
  const settle = (come: unknown) => {
    seen.soFar = String(come);
  };
  outcome.then(settle, settle);
  return seen;
}
