import { describe, expect, it } from 'vitest';
import { checkNode, standing } from '../../../scripts/steps/check.js';
import type { ClusterView } from '../../../scripts/live/view.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import {
  container,
  fakeClock,
  fakeDocker,
  healthyView,
  ok,
  silentReport,
  state,
  stateLines,
  withNode,
} from './fakes.js';

const known = { formed: true, members: [1, 2, 3] };
const member = state({ data: 'present', raft: 'present', formation: 'consumed', configured: 'yes', phase: 'running' });

describe('standing', () => {
  it.each<[string, number, NodeState, typeof known, string]>([
    ['has its data', 2, member, known, 'member'],
    ['is empty before the group has formed', 2, state(), { formed: false, members: [] }, 'newcomer'],
    ['was broken off in a bootstrap', 3, state({ formation: 'token' }), known, 'newcomer'],
    ['is a member without data', 2, state(), known, 'lost'],
    ['is new to the group', 4, state(), known, 'newcomer'],
  ])('of a server that %s', (_, id, its, knowledge, expected) => {
    expect(standing(id, its, knowledge)).toBe(expected);
  });
});

describe('checkNode', () => {
  const node = { id: 2, container: 'pgraft-replica1' };

  function check(its: NodeState, views: (ClusterView | undefined)[], knowledge = known) {
    let looks = 0;
    const tools = {
      docker: fakeDocker([container(2)], () => ok(stateLines(its))),
      clock: fakeClock(),
      report: silentReport(),
      look: () => Promise.resolve(views[Math.min(looks++, views.length - 1)]),
      known: knowledge,
    };
    return checkNode(node, tools).then(() => looks);
  }

  it('waits until a member is healthy again', async () => {
    const down = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'starting' } });
    expect(await check(member, [down, down, healthyView(3)])).toBe(3);
  });

  it('does not wait for other servers to be healthy', async () => {
    const other = withNode(healthyView(3), 3, { postgres: { accepting: false, problem: 'starting' } });
    expect(await check(member, [other])).toBe(1);
  });

  it('says what a member that does not come back was last seen doing', async () => {
    const down = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'connect ECONNREFUSED' } });
    await expect(check(member, [down])).rejects.toThrow(/for pgraft-replica1 to be healthy; last seen: .*ECONNREFUSED/);
  });

  it('lets a newcomer be as soon as it answers', async () => {
    expect(await check(state(), [undefined], { formed: false, members: [] })).toBe(1);
  });

  it('stops plainly at a member whose volume was lost, going by the members that the group tells', async () => {
    await expect(check(state(), [healthyView(3)], { formed: false, members: [] })).rejects.toThrow(
      'its volume was lost',
    );
  });

  it('stops at once when the member refuses to start', async () => {
    const entryPoint = { asked: true, state: state({ phase: 'refused', message: 'bad setting' }) } as const;
    const refusing = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'refused' }, entryPoint });
    await expect(check(member, [refusing])).rejects.toThrow('pgraft-replica1 refuses to start: bad setting');
  });
});
