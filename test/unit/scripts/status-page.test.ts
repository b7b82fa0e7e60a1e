import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../../scripts/live/health.js';
import { statusJson, statusPage } from '../../../scripts/live/status-page.js';
import type { ClusterView } from '../../../scripts/live/view.js';
import { healthyView, state, withNode } from './fakes.js';

const silent = { accepting: false, problem: 'connect ECONNREFUSED' } as const;
const noRaft = { available: false, problem: 'connect ECONNREFUSED' } as const;
const exited = { status: 'exited', health: undefined, since: undefined, onNetwork: true };

/** Node 1 of three was stopped and node 2, which leads, has not been promoted yet. */
function primaryStopped(): ClusterView {
  const view = withNode(healthyView(3), 1, { docker: exited, postgres: silent, raft: noRaft });
  const raft = (leader: boolean) =>
    ({
      available: true,
      state: leader ? 'leader' : 'follower',
      term: 2,
      leaderId: 2,
      role: 'waiting',
      writable: false,
      synchronousInForce: false,
      quorumMet: true,
      commitIndex: 12,
      failoverEnabled: true,
      promotion: { term: 1, nodeId: 1, timeline: 2 },
    }) as const;
  return withNode(withNode(view, 2, { raft: raft(true) }), 3, { raft: raft(false) });
}

describe('statusPage', () => {
  it('begins with the documented page, word for word', () => {
    expect(statusPage(healthyView(3))).toBe(`=== Container Status ===
pgraft-primary    : running
pgraft-replica1   : running
pgraft-replica2   : running

=== PostgreSQL Status ===
pgraft-primary    : accepting connections (primary)
pgraft-replica1   : accepting connections (replica)
pgraft-replica2   : accepting connections (replica)

=== Raft Status ===
Node 1 (primary)  : state=leader, term=1
Node 2 (replica1) : state=follower, term=1
Node 3 (replica2) : state=follower, term=1

Leader: Node 1

=== Replication ===
pgraft-primary    : primary, timeline 2, LSN 0/3000148
pgraft-replica1   : standby, timeline 2, LSN 0/3000148, lag 0 B, streaming (quorum)
pgraft-replica2   : standby, timeline 2, LSN 0/3000148, lag 2.0 KiB, streaming (quorum)

=== Failover ===
Last promotion: node 1 in term 1, timeline 2
Commits are confirmed by: any 1 of replica1, replica2 (in force)
Failover safe now: yes

=== Health ===
Quorum: 3 of 3 voters answer, 2 needed
Provider: registry
Cluster is healthy: 3 of 3 servers up: a majority, and 1 more may fail`);
  });

  it('says what is wrong when the primary is stopped and reads go on', () => {
    expect(statusPage(primaryStopped())).toBe(`=== Container Status ===
pgraft-primary    : stopped
pgraft-replica1   : running
pgraft-replica2   : running

=== PostgreSQL Status ===
pgraft-primary    : not running
pgraft-replica1   : accepting connections (replica)
pgraft-replica2   : accepting connections (replica)

=== Raft Status ===
Node 1 (primary)  : state=unavailable
Node 2 (replica1) : state=leader, term=2
Node 3 (replica2) : state=follower, term=2

Leader: Node 2

=== Replication ===
pgraft-primary    : unknown
pgraft-replica1   : waiting, timeline 2, LSN 0/3000148, not streaming
pgraft-replica2   : waiting, timeline 2, LSN 0/3000148, not streaming

=== Failover ===
Last promotion: node 1 in term 1, timeline 2
Commits are confirmed by: nobody, since no server accepts writes
Failover safe now: no: pgraft-replica1 leads and accepts no writes yet: a failover is under way; it takes seconds as a rule; if it lasts, npm run logs tells why

=== Health ===
Quorum: 2 of 3 voters answer, 2 needed
Provider: registry
Cluster is not healthy: 2 of 3 servers up: a majority, but no further server may fail
- no server accepts writes: pgraft-replica1 leads and its role is waiting so far
- pgraft-primary: the container is exited; docker start pgraft-primary brings it back`);
  });

  it('shows a server that is cut off from the network, and how it comes back', () => {
    const cut = { status: 'running', health: 'healthy', since: undefined, onNetwork: false };
    const page = statusPage(withNode(healthyView(3), 3, { docker: cut, postgres: silent, raft: noRaft }));
    expect(page).toContain('pgraft-replica2   : not reachable (cut off from the network)');
    expect(page).toContain('docker network connect pgraft-network pgraft-replica2 brings it back');
  });

  it('shows what a starting server waits for', () => {
    const entryPoint = { asked: true, state: state({ phase: 'cloning', message: '12 % copied' }) } as const;
    const page = statusPage(withNode(healthyView(3), 3, { postgres: silent, raft: noRaft, entryPoint }));
    expect(page).toContain('pgraft-replica2   : not accepting connections (cloning: 12 % copied)');
    expect(page).toContain('- pgraft-replica2: cloning: 12 % copied');
  });
});

describe('a server on its way back', () => {
  it('shows how far its data is, while it rejoins', () => {
    const message = 'copies the data of pgraft-primary:5432, primary of term 3';
    const entryPoint = { asked: true, state: state({ phase: 'rejoining', message }) } as const;
    const page = statusPage(withNode(healthyView(3), 3, { postgres: silent, raft: noRaft, entryPoint }));
    expect(page).toContain(`pgraft-replica2   : not accepting connections (rejoining: ${message})`);
    expect(page).toMatch(/^pgraft-replica2 {3}: rejoining$/m);
    expect(page).toContain(`- pgraft-replica2: rejoining: ${message}`);
  });

  it('is told to confirm nothing while its new data is being completed', () => {
    const view = healthyView(3);
    const [primary] = view.nodes;
    if (primary?.postgres.accepting !== true) throw new Error('the healthy view has a primary');
    const streams = primary.postgres.streams.map((stream) =>
      stream.name === 'replica2' ? { ...stream, syncState: 'async', incomplete: true } : stream,
    );
    const completing = withNode(view, 1, { postgres: { ...primary.postgres, streams } });
    expect(problemsOf(completing)).toEqual([
      'pgraft-replica2: its new data is being completed: it confirms no commit until then',
    ]);
    expect(statusPage(completing)).toMatch(/^pgraft-replica2 {3}: standby, .* lag 2\.0 KiB, being completed$/m);
  });

  it('is no primary to write to, once it no longer leads the term of its promotion', () => {
    const view = primaryStopped();
    const old = healthyView(3).nodes[0];
    if (old?.raft.available !== true) throw new Error('the healthy view has servers');
    const message = 'it no longer leads the term of its promotion';
    const fenced = {
      ...old.raft,
      state: 'follower',
      term: 2,
      leaderId: 2,
      role: 'rejoining',
      writable: false,
      message,
    };
    const { docker, postgres } = old;
    const page = statusPage(withNode(view, 1, { docker, postgres, raft: fenced }));
    expect(page).toContain('pgraft-primary    : accepting connections (primary, refuses commits)');
    expect(page).toMatch(/^pgraft-primary {4}: rejoining, timeline 2, LSN 0\/3000148$/m);
    expect(page).toContain(`- pgraft-primary: ${message}`);
  });
});

describe('problemsOf', () => {
  it.each([1, 2, 3, 5, 9])('finds none in a healthy cluster of %i', (count) => {
    expect(problemsOf(healthyView(count))).toEqual([]);
  });

  it.each([
    ['a standby without a stream', { streams: [] }, 'pgraft-replica1: does not stream from pgraft-primary'],
    [
      'a stream that is not counted',
      { streams: [{ name: 'replica1', state: 'streaming', syncState: 'async', flushLagBytes: 0, replayLagBytes: 0 }] },
      'pgraft-replica1: streams, but is not named in the synchronous setting (sync_state async)',
    ],
    [
      'a stream that catches up',
      { streams: [{ name: 'replica1', state: 'catchup', syncState: 'async', flushLagBytes: 9, replayLagBytes: 9 }] },
      'pgraft-replica1: its stream from pgraft-primary is in state catchup',
    ],
  ])('names %s', (_, changes, expected) => {
    const view = healthyView(2);
    const [primary] = view.nodes;
    if (primary?.postgres.accepting !== true) throw new Error('the healthy view has a primary');
    expect(problemsOf(withNode(view, 1, { postgres: { ...primary.postgres, ...changes } }))).toEqual([expected]);
  });

  it('names a server that follows an old leader, one that is no member, and a spare', () => {
    const view = healthyView(3);
    const [, second] = view.nodes;
    if (second?.raft.available !== true) throw new Error('the healthy view has a second server');
    const stale = withNode(view, 2, { raft: { ...second.raft, term: 0, leaderId: 0 } });
    expect(problemsOf(stale)).toEqual(['pgraft-replica1: follows node 0 in term 0, not the leader, node 1 in term 1']);
    const [one, two, three] = view.members;
    if (one === undefined || two === undefined || three === undefined) throw new Error('the healthy view has members');
    expect(problemsOf({ ...view, members: [one, two] })).toEqual(['pgraft-replica2: not a member of the Raft group']);
    expect(problemsOf({ ...view, members: [one, two, { ...three, voter: false }] })).toEqual([
      'pgraft-replica2: a spare: it does not vote',
    ]);
  });

  it('names two servers that are out of recovery', () => {
    const view = healthyView(3);
    const [first] = view.nodes;
    if (first === undefined) throw new Error('the healthy view has servers');
    expect(problemsOf(withNode(view, 2, { postgres: first.postgres }))).toContain(
      'pgraft-primary and pgraft-replica1 are all out of recovery: only the leader should be',
    );
  });

  it('names a synchronous setting that is not in force', () => {
    const view = healthyView(3);
    const [first] = view.nodes;
    if (first?.raft.available !== true) throw new Error('the healthy view has servers');
    expect(problemsOf(withNode(view, 1, { raft: { ...first.raft, synchronousInForce: false } }))).toEqual([
      'pgraft-primary: the synchronous setting is not in force yet',
    ]);
  });
});

describe('statusJson', () => {
  it('has the conclusions beside the view', () => {
    expect(JSON.parse(statusJson(healthyView(3)))).toMatchObject({
      healthy: true,
      problems: [],
      leader: 1,
      primary: 1,
      term: 1,
      quorum: { voters: 3, up: 3, needed: 2, met: true },
      promotion: { term: 1, nodeId: 1, timeline: 2 },
      synchronous: { needed: 1, standbys: ['replica1', 'replica2'], inForce: true },
      failover: { safe: true, reasons: [] },
      prefix: 'pgraft',
    });
    expect(JSON.parse(statusJson(primaryStopped()))).toMatchObject({
      healthy: false,
      leader: 2,
      primary: null,
      term: 2,
      synchronous: null,
      failover: { safe: false },
    });
  });
});
