import { describe, expect, it } from 'vitest';
import type { NodeState } from '../../../scripts/live/node-state.js';
import { planBootstrap } from '../../../scripts/steps/bootstrap-plan.js';
import { container, state } from './fakes.js';

const nothing = { formed: false };
const remembered = { formed: true };

const token: Partial<NodeState> = { configured: 'yes', formation: 'token' };
const system = { system_identifier: '73' };
const data: Partial<NodeState> = { ...token, ...system, data: 'present', incarnation: 'match', phase: 'running' };
const member: Partial<NodeState> = { ...data, formation: 'consumed', raft: 'present' };

function nodes(...states: Partial<NodeState>[]) {
  return states.map((changes, index) => ({
    id: index + 1,
    container: container(index + 1).container,
    state: state(changes),
  }));
}

function reason(plan: ReturnType<typeof planBootstrap>): string {
  return plan.kind === 'stop' ? plan.reason : `no stop but ${JSON.stringify(plan)}`;
}

describe('planBootstrap, group not formed', () => {
  it('initialises node 1 and copies it when no server has anything', () => {
    expect(planBootstrap(nodes({}, {}, {}), nothing)).toEqual({
      kind: 'form',
      configure: [1, 2, 3],
      initialize: true,
      clone: [2, 3],
    });
  });

  it('makes a cluster of one', () => {
    expect(planBootstrap(nodes({}), nothing)).toEqual({ kind: 'form', configure: [1], initialize: true, clone: [] });
  });

  it.each<[string, Partial<NodeState>[], { initialize: boolean; clone: number[] }]>([
    ['some servers were told the secrets', [token, {}, {}], { initialize: true, clone: [2, 3] }],
    [
      'node 1 is being initialised',
      [{ ...token, phase: 'initializing' }, token, token],
      { initialize: false, clone: [2, 3] },
    ],
    ['node 1 has data', [data, token, token], { initialize: false, clone: [2, 3] }],
    [
      'one copy is made and one under way',
      [data, data, { ...token, phase: 'cloning' }],
      { initialize: false, clone: [] },
    ],
    ['all have data', [data, data, data], { initialize: false, clone: [] }],
  ])('goes on when it was broken off after %s', (_, states, expected) => {
    expect(planBootstrap(nodes(...states), nothing)).toEqual({ kind: 'form', configure: [1, 2, 3], ...expected });
  });

  it('stops when a server has data that no bootstrap of ours made', () => {
    const stranger = { ...data, formation: 'none', configured: 'no' } as const;
    expect(reason(planBootstrap(nodes(stranger, {}, {}), nothing))).toContain('pgraft-primary has data of a cluster');
    expect(reason(planBootstrap(nodes({}, stranger, {}), nothing))).toContain('pgraft-replica1 has data of a cluster');
  });

  it('stops when node 1 lost what the others copied from it', () => {
    expect(reason(planBootstrap(nodes(token, data, token), nothing))).toContain(
      'pgraft-replica1 has data and pgraft-primary, from which it was copied, has none',
    );
  });

  it('stops when the data are of different clusters', () => {
    const other = { ...data, system_identifier: '99' };
    expect(reason(planBootstrap(nodes(data, other, token), nothing))).toContain(
      'pgraft-primary of system 73, pgraft-replica1 of system 99',
    );
  });
});

describe('planBootstrap, group formed', () => {
  it('only verifies when every server has data', () => {
    expect(planBootstrap(nodes(member, member, member), remembered)).toEqual({
      kind: 'verify',
      configure: [],
      copies: false,
    });
    expect(planBootstrap(nodes(member, member, member), nothing)).toEqual({
      kind: 'verify',
      configure: [],
      copies: false,
    });
    expect(planBootstrap(nodes(member, data, member), nothing)).toEqual({
      kind: 'verify',
      configure: [],
      copies: false,
    });
  });

  it('finishes a copy that was broken off while the others formed the group', () => {
    expect(planBootstrap(nodes(member, member, token), nothing)).toEqual({
      kind: 'form',
      configure: [],
      initialize: false,
      clone: [3],
    });
  });

  it('stops when all volumes were lost, and never initialises again', () => {
    expect(reason(planBootstrap(nodes({}, {}, {}), remembered))).toContain('all volumes were lost');
  });

  it('hands the secrets to a member whose volume was lost, which copies its data by itself', () => {
    expect(planBootstrap(nodes(member, {}, member), remembered)).toEqual({
      kind: 'verify',
      configure: [2],
      copies: true,
    });
    expect(planBootstrap(nodes(member, { configured: 'yes', phase: 'cloning' }, member), remembered)).toEqual({
      kind: 'verify',
      configure: [],
      copies: true,
    });
  });

  it('leaves a member alone whose data and Raft state do not belong together: it begins anew by itself', () => {
    expect(planBootstrap(nodes(member, { ...member, incarnation: 'mismatch' }, member), remembered)).toEqual({
      kind: 'verify',
      configure: [],
      copies: false,
    });
  });

  it('hands the secrets to a newcomer, which copies the data by itself', () => {
    expect(planBootstrap(nodes(member, member, member, {}), remembered)).toEqual({
      kind: 'verify',
      configure: [4],
      copies: true,
    });
  });
});

describe('planBootstrap, any time', () => {
  it.each<[string, Partial<NodeState>, string]>([
    [
      'refuses to start',
      { ...member, phase: 'refused', message: 'pgraft.election_timeout is bad' },
      'pgraft.election_timeout is bad',
    ],
  ])('stops when a server %s', (_, broken, cause) => {
    const told = reason(planBootstrap(nodes(member, broken, member), remembered));
    expect(told).toContain('pgraft-replica1 refuses to start');
    expect(told).toContain(cause);
  });

  it('never initialises where a server has data or the group is known to have formed', () => {
    const states = [{}, token, data, member, { ...token, phase: 'cloning' as const }];
    for (const first of states)
      for (const second of states)
        for (const knowledge of [nothing, remembered]) {
          const plan = planBootstrap(nodes(first, second), knowledge);
          const anyData = [first, second].some((one) => 'data' in one);
          if (plan.kind === 'form' && plan.initialize) expect([anyData, knowledge.formed]).toEqual([false, false]);
        }
  });
});
