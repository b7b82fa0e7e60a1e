import { describe, expect, it } from 'vitest';
import { failoverSafety, failoverSentence } from '../../../scripts/live/failover.js';
import { readSynchronousNames, synchronousSentence } from '../../../scripts/live/synchronous-set.js';
import type { ClusterView, RaftView, StreamView } from '../../../scripts/live/view.js';
import { healthyView, withNode } from './fakes.js';

type Running = Extract<RaftView, { available: true }>;

const silent = { accepting: false, problem: 'connect ECONNREFUSED' } as const;
const noRaft = { available: false, problem: 'connect ECONNREFUSED' } as const;

function withRaft(view: ClusterView, id: number, changes: Partial<Running>): ClusterView {
  const raft = view.nodes.find((node) => node.id === id)?.raft;
  if (raft?.available !== true) throw new Error(`node ${id} has no Raft to change`);
  return withNode(view, id, { raft: { ...raft, ...changes } });
}

/** `view` with the primary's stream to a standby changed, or gone. */
function withStream(view: ClusterView, name: string, changes: Partial<StreamView> | undefined): ClusterView {
  const postgres = view.nodes[0]?.postgres;
  if (postgres?.accepting !== true) throw new Error('node 1 is the primary');
  const streams = postgres.streams.flatMap((stream) =>
    stream.name !== name ? [stream] : changes === undefined ? [] : [{ ...stream, ...changes }],
  );
  return withNode(view, 1, { postgres: { ...postgres, streams } });
}

function stopped(view: ClusterView, ...ids: number[]): ClusterView {
  const docker = { status: 'exited', health: undefined, since: undefined, onNetwork: true };
  return ids.reduce((seen, id) => withNode(seen, id, { docker, postgres: silent, raft: noRaft }), view);
}

/** No server leads, as while an election is under way or where no majority is. */
function leaderless(view: ClusterView, ...ids: number[]): ClusterView {
  const changes = { state: 'follower', term: 2, leaderId: 0, role: 'waiting', writable: false, quorumMet: false };
  return ids.reduce((seen, id) => withRaft(seen, id, changes), view);
}

describe('failover is safe', () => {
  it.each([3, 4, 5, 9])('in a healthy cluster of %i', (count) => {
    expect(failoverSafety(healthyView(count))).toEqual({ safe: true, reasons: [] });
  });

  it('while more than a majority is left without the primary, even when one is down', () => {
    expect(failoverSentence(withStream(stopped(healthyView(5), 5), 'replica4', undefined))).toBe('yes');
  });

  it('with one standby that does not stream, while another confirms and both can vote', () => {
    expect(failoverSentence(withStream(healthyView(3), 'replica2', undefined))).toBe('yes');
  });

  it('whatever becomes of a spare, which does not vote', () => {
    const view = stopped(healthyView(4), 4);
    const members = view.members.map((member) => (member.id === 4 ? { ...member, voter: false } : member));
    expect(failoverSentence({ ...view, members })).toBe('yes');
  });
});

describe('failover is not safe', () => {
  const bringBack = 'pgraft-replica2: the container is exited; docker start pgraft-replica2 brings it back';

  it.each<[string, ClusterView, string]>([
    [
      'with one server',
      healthyView(1),
      'there is one server, and nobody to take over from it; a cluster of three (PGRAFT_NODES=3) survives the loss of one',
    ],
    [
      'with two servers',
      healthyView(2),
      'there are two servers, and both are needed: the loss of either stops writes; a cluster of three (PGRAFT_NODES=3) survives the loss of one',
    ],
    [
      'when the next loss takes the majority',
      withStream(stopped(healthyView(3), 3), 'replica2', undefined),
      `without pgraft-primary 1 of 3 voters would be ready, and 2 must be; ${bringBack}`,
    ],
    [
      'while a standby makes its data anew',
      withRaft(healthyView(3), 3, { role: 'rejoining', message: 'its data has left the history: it has to be cloned' }),
      'without pgraft-primary 1 of 3 voters would be ready, and 2 must be; pgraft-replica2: its data has left the history: it has to be cloned',
    ],
    [
      'while it is paused',
      withRaft(healthyView(3), 1, { failoverEnabled: false }),
      'failover is paused (failover_enabled is false): only the last primary is promoted; set it to true again',
    ],
    [
      'while the synchronous setting is not in force',
      withRaft(healthyView(3), 1, { synchronousInForce: false }),
      'pgraft-primary: the synchronous setting is not in force yet; that takes a moment as a rule, npm run logs tells more',
    ],
    [
      'while something keeps the primary from its role',
      withRaft(healthyView(3), 1, { synchronousInForce: false, message: 'somebody has set it; reset it there' }),
      'pgraft-primary: somebody has set it; reset it there',
    ],
    [
      'when too few standbys confirm',
      withStream(withStream(healthyView(3), 'replica1', undefined), 'replica2', { incomplete: true }),
      '0 of 1 standbys that must confirm each commit stream, so commits wait; pgraft-replica1: does not stream from pgraft-primary; pgraft-replica2: its new data is being completed: it confirms no commit until then',
    ],
    [
      'when the streams are those of servers that nobody waits for',
      withStream(withStream(healthyView(3), 'replica1', { syncState: 'async' }), 'replica2', { state: 'catchup' }),
      '0 of 1 standbys that must confirm each commit stream, so commits wait; pgraft-replica1: streams, but is not named in the synchronous setting (sync_state async); pgraft-replica2: its stream from pgraft-primary is in state catchup',
    ],
    [
      'without a majority',
      leaderless(stopped(healthyView(3), 1, 3), 2),
      `1 of 3 voters answers and 2 must, so writes wait; pgraft-primary: the container is exited; docker start pgraft-primary brings it back; ${bringBack}`,
    ],
    [
      'while an election is under way',
      leaderless(stopped(healthyView(3), 1), 2, 3),
      'no server leads in term 2: an election is under way; it takes seconds as a rule; if it lasts, npm run logs tells why',
    ],
    [
      'while the leader is being promoted',
      withRaft(leaderless(stopped(healthyView(3), 1), 2, 3), 2, { state: 'leader', leaderId: 2, role: 'promoting' }),
      'pgraft-replica1 leads and accepts no writes yet: a failover is under way; it takes seconds as a rule; if it lasts, npm run logs tells why',
    ],
  ])('%s', (_, view, reason) => {
    expect(failoverSafety(view)).toMatchObject({ safe: false });
    expect(failoverSentence(view)).toBe(`no: ${reason}`);
  });

  it('for several reasons at once, each of which is told', () => {
    const view = withRaft(stopped(healthyView(3), 3), 1, { failoverEnabled: false });
    expect(failoverSafety(view).reasons).toEqual([
      `without pgraft-primary 1 of 3 voters would be ready, and 2 must be; ${bringBack}`,
      'failover is paused (failover_enabled is false): only the last primary is promoted; set it to true again',
    ]);
  });
});

describe('the synchronous set', () => {
  it.each([
    ['ANY 1 ("replica1_0a1b2c3d", "replica2_4e5f6a7b")', { needed: 1, standbys: ['replica1', 'replica2'] }],
    ['ANY 2 ("primary_0a1b2c3d", "4_unknown")', { needed: 2, standbys: ['primary', 'node 4 (not heard of yet)'] }],
    ['', { needed: 0, standbys: [] }],
    ['replica1_0a1b2c3d, other', { needed: 1, standbys: ['replica1', 'other'] }],
    ['first 2 (a, "b1", d)', { needed: 2, standbys: ['a', 'b1', 'd'] }],
  ])('is read from %j', (setting, expected) => {
    expect(readSynchronousNames(setting)).toEqual(expected);
  });

  it('is told with whether it is in force', () => {
    expect(synchronousSentence(healthyView(5))).toBe('any 2 of replica1, replica2, replica3, replica4 (in force)');
    expect(synchronousSentence(withRaft(healthyView(3), 1, { synchronousInForce: false }))).toBe(
      'any 1 of replica1, replica2 (not in force yet)',
    );
    expect(synchronousSentence(healthyView(1))).toBe('no other server (in force)');
  });
});
