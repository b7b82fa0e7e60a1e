import { describe, expect, it } from 'vitest';
import { failoverSafety } from '../../../scripts/live/failover.js';
import { problemsOf } from '../../../scripts/live/health.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { ClusterView } from '../../../scripts/live/view.js';
import { healthyView, state, withNode } from './fakes.js';

const waiting: Partial<NodeState> = {
  data: 'present',
  configured: 'yes',
  formation: 'consumed',
  lost: 'yes',
  phase: 'running',
  message: 'waits to be added anew: the Raft log is lost',
};

function losing(view: ClusterView, id: number, changes: Partial<NodeState> = waiting): ClusterView {
  return withNode(view, id, {
    raft: { available: false, problem: 'the consensus worker is not available' },
    entryPoint: { asked: true, state: state(changes) },
  });
}

const leaderless = (view: ClusterView): ClusterView =>
  withNode(view, 1, { raft: { available: false, problem: 'the consensus worker is not available' } });

describe('the status of a server that has lost its Raft state', () => {
  it('says that the leader adds it anew', () => {
    expect(problemsOf(losing(healthyView(3), 2))).toEqual([
      'pgraft-replica1: lost its Raft state (waits to be added anew: the Raft log is lost); is being added anew by pgraft-primary',
    ]);
  });

  it('says how to add one that the group does not know', () => {
    const view = losing(healthyView(3), 2);
    const members = view.members.filter(({ id }) => id !== 2);
    expect(problemsOf({ ...view, members })).toEqual([
      'pgraft-replica1: lost its Raft state (waits to be added anew: the Raft log is lost); pgraft-primary knows it no more, and ' +
        'npm run recover -- primary (or pgraft_add_node()) adds it',
    ]);
  });

  it('is not that of one whose disk takes no more of it, which is named', () => {
    const message = '/var/lib/postgresql/pgraft cannot be written (No space left on device): make room on its disk';
    expect(problemsOf(losing(healthyView(3), 2, { ...waiting, lost: 'no', message }))).toEqual([
      `pgraft-replica1: Raft does not answer: ${message}`,
    ]);
    expect(problemsOf(losing(healthyView(3), 2, { ...waiting, lost: 'no', message: '' }))).toEqual([
      'pgraft-replica1: Raft does not answer: the consensus worker is not available',
    ]);
  });

  it('names the last resort when no majority can come back', () => {
    const [first] = problemsOf(losing(losing(leaderless(healthyView(3)), 2), 3));
    expect(first).toMatch(
      /^no majority of 3 can come back: the Raft state of pgraft-replica1, pgraft-replica2 is lost\. .* npm run recover tells/,
    );
  });

  it('names it for a cluster of one', () => {
    expect(problemsOf({ ...losing(healthyView(1), 1), members: [] })[0]).toContain('npm run recover');
  });

  it('does not name it while the servers that are down may have a majority', () => {
    const down = { accepting: false, problem: 'the container is exited' } as const;
    const view = withNode(losing(leaderless(healthyView(3)), 2), 3, {
      postgres: down,
      raft: { available: false, problem: down.problem },
    });
    expect(problemsOf(view).join()).not.toContain('npm run recover');
  });

  it('does not name it while the cluster is being made', () => {
    const empty = { data: 'none', raft: 'none', formation: 'none' } as const;
    const view = losing(losing(losing(healthyView(3), 1, empty), 2, empty), 3, empty);
    expect(problemsOf({ ...view, members: [] }).join()).not.toContain('npm run recover');
  });

  it('makes failover unsafe, with the reason', () => {
    const { safe, reasons } = failoverSafety(losing(losing(healthyView(3), 2), 3));
    expect(safe).toBe(false);
    expect(reasons.join()).toContain('is being added anew by pgraft-primary');
  });
});
