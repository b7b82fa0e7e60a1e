import { describe, expect, it } from 'vitest';
import { leaveCluster } from '../../../scripts/steps/leave.js';
import { heirOf, majorityGuard, whyStay } from '../../../scripts/steps/leave-plan.js';
import type { DepartureTools } from '../../../scripts/steps/departing.js';
import { containerName } from '../../../constructs/topology.js';
import { declared, FakeGroup, fakePause, fakeTurns } from './fake-group.js';
import { healthyView, silentReport, withNode } from './fakes.js';

const down = {
  docker: { status: 'exited', health: undefined, since: undefined, onNetwork: true },
  postgres: { accepting: false, problem: 'x' },
  raft: { available: false, problem: 'x' },
} as const;
const without = (count: number, ...ids: number[]) =>
  ids.reduce((view, id) => withNode(view, id, down), healthyView(count));

describe('whyStay', () => {
  it('lets one of three, of two and of five go', () => {
    for (const count of [2, 3, 5]) expect(whyStay(healthyView(count), count)).toBeUndefined();
  });

  it('lets a server go that is down, where the others are a majority of themselves', () => {
    expect(whyStay(without(3, 3), 3)).toBeUndefined();
  });

  it('keeps it while the live voters that remain are no majority of the new membership', () => {
    expect(whyStay(without(5, 2, 3), 5)).toMatch(
      /^2 of the 4 voters that remain are healthy, and 3 must be: pgraft-replica1: the container is exited.*pgraft-replica2: /,
    );
  });

  it('keeps it while there is no primary, and when it is the only voter', () => {
    expect(whyStay(without(3, 1), 3)).toMatch(/^no server accepts writes: /);
    expect(whyStay(healthyView(1), 1)).toMatch(/^it is the only voter; npm run destroy/);
  });

  it('lets a spare go whatever the others do', () => {
    const five = without(5, 2, 3);
    const members = five.members.map((member) => ({ ...member, voter: member.id !== 5 }));
    expect(whyStay({ ...five, members }, 5)).toBeUndefined();
  });
});

describe('majorityGuard', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const guard = (from: number, to: number, shrinkBelowMajority = false) =>
    majorityGuard(healthyView(from), ids(to), { shrinkBelowMajority });

  it.each([
    [5, 3],
    [4, 2],
    [3, 2],
    [2, 1],
    [9, 5],
    [3, 3],
  ])('lets %i become %i', (from, to) => {
    expect(guard(from, to)).toBeUndefined();
  });

  it.each([
    [5, 2, 3],
    [3, 1, 2],
    [9, 4, 5],
  ])('refuses %i to %i, with the steps and the way to allow it', (from, to, step) => {
    expect(guard(from, to)).toContain(`which are ${from - to} of ${from} voters: a majority`);
    expect(guard(from, to)).toContain(`nodes = ${step} first`);
    expect(guard(from, to)).toContain('PGRAFT_SHRINK_BELOW_MAJORITY=true');
    expect(guard(from, to, true)).toBeUndefined();
  });

  it('is not got around by a replaced set of the same size', () => {
    expect(majorityGuard(healthyView(3), [1, 4, 5], { shrinkBelowMajority: false })).toContain('2 of 3 voters');
  });
});

describe('heirOf', () => {
  it('is the one that lacks least, of those that stay', () => {
    const group = healthyView(5);
    expect(heirOf(group, 1, [2, 3])?.id).toBe(2);
    expect(heirOf(withNode(group, 2, down), 1, [2, 3])?.id).toBe(3);
    expect(heirOf(group, 1, [1])).toBeUndefined();
  });
});

describe('leaveCluster', () => {
  function leaving(group: FakeGroup, id: number, to: number, changes: Partial<DepartureTools> = {}) {
    const turns = fakeTurns();
    const input = {
      hook: 'leave',
      prefix: 'pgraft',
      node: id,
      container: containerName('pgraft', id),
      present: 'yes',
    } as const;
    const tools: DepartureTools = {
      live: group.live,
      turns,
      pause: fakePause(),
      report: silentReport(),
      cluster: declared(to),
      expectRun: () => undefined,
      now: () => Date.now(),
      ...changes,
    };
    return { turns, work: () => leaveCluster(input, tools) };
  }

  it('removes the member with the turn, and ends the turn', async () => {
    const group = new FakeGroup(3);
    const { turns, work } = leaving(group, 3, 2);
    await work();
    expect(group.done).toEqual(['remove 3']);
    expect(turns.log).toEqual(['take 3', 'pass 3']);
  });

  it('first hands leadership to a server that stays', async () => {
    const group = new FakeGroup(5);
    group.leader = 5;
    group.server(1).lag = 4096;
    await leaving(group, 5, 3).work();
    expect(group.done).toEqual(['transfer 5 -> 2', 'remove 5']);
  });

  it('has nothing to do for one that is no member', async () => {
    const group = new FakeGroup(3, 1);
    const { turns, work } = leaving(group, 4, 3);
    await work();
    expect(group.done).toEqual([]);
    expect(turns.log).toEqual([]);
  });

  it('removes one that is down, and a spare', async () => {
    const group = new FakeGroup(4);
    group.server(4).up = false;
    group.server(3).member = 'spare';
    await leaving(group, 4, 2).work();
    await leaving(group, 3, 2).work();
    expect(group.done).toEqual(['remove 4', 'remove 3']);
  });

  it('stops at once, without the turn, where those that remain are no majority and were stopped', async () => {
    const group = new FakeGroup(5);
    group.server(2).up = false;
    group.server(3).up = false;
    const { turns, work } = leaving(group, 5, 4);
    await expect(work()).rejects.toThrow(
      /^pgraft-replica4 cannot leave: 2 of the 4 voters that remain are healthy.*it was not removed and goes on\. Nobody has started pgraft-replica1, pgraft-replica2 meanwhile/,
    );
    expect(group.clock.now()).toBeLessThan(30_000);
    expect(group.done).toEqual([]);
    expect(turns.log).toEqual([]);
  });

  it('stops at once where the majority is lost', async () => {
    const group = new FakeGroup(3);
    group.server(1).up = false;
    group.server(2).up = false;
    await expect(leaving(group, 3, 2).work()).rejects.toThrow(
      /^pgraft-replica2 cannot leave: no server accepts writes: .*Nobody has started pgraft-primary, pgraft-replica1 meanwhile/,
    );
  });

  it('waits for one that is being replaced', async () => {
    const group = new FakeGroup(3);
    group.server(2).up = false;
    const turns = fakeTurns();
    turns.current = {
      pid: 1,
      started: '1',
      node: 2,
      container: 'pgraft-replica1',
      what: 'is replaced',
      until: Infinity,
    };
    const { work } = leaving(group, 3, 2, {
      turns,
      expectRun: () => {
        if (group.clock.now() < 60_000) return;
        group.server(2).up = true;
        turns.current = undefined;
      },
    });
    await work();
    expect(group.done).toEqual(['remove 3']);
  });

  it('goes on once the others are back', async () => {
    const group = new FakeGroup(5);
    group.server(2).up = false;
    group.server(3).up = false;
    const { work } = leaving(group, 5, 4, {
      expectRun: () => {
        if (group.clock.slept.length > 3) group.server(2).up = true;
      },
    });
    await work();
    expect(group.done).toEqual(['remove 5']);
  });

  it('asks again where the leader could not, and ends its turn when it gives up', async () => {
    const group = new FakeGroup(3);
    group.broken.remove = 'a change of the membership is under way';
    const { turns, work } = leaving(group, 3, 2);
    await expect(work()).rejects.toThrow('last seen: pgraft_remove_node: a change of the membership is under way');
    expect(turns.current).toBeUndefined();
  });

  it('refuses to take the data of a majority before anything is removed', async () => {
    const group = new FakeGroup(3);
    await expect(leaving(group, 3, 1).work()).rejects.toThrow('a majority of the data at once; nothing was removed');
    expect(group.done).toEqual([]);
    const cluster = declared(1, { shrinkBelowMajority: true });
    await leaving(group, 3, 1, { cluster }).work();
    await leaving(group, 2, 1, { cluster }).work();
    expect(group.done).toEqual(['remove 3', 'remove 2']);
  });

  it('waits for the turn of another, and stops when that has failed', async () => {
    const group = new FakeGroup(3);
    const { turns, work } = leaving(group, 3, 2);
    const failed = 'waited 2m for pgraft-replica1 to be healthy';
    turns.current = {
      pid: 1,
      started: '1',
      node: 2,
      container: 'pgraft-replica1',
      what: 'was replaced,',
      until: 0,
      failed,
    };
    await expect(work()).rejects.toThrow(
      `pgraft-replica1, whose turn it was, was replaced, and that failed: ${failed}; pgraft-replica2 was not touched and goes on`,
    );
    expect(group.done).toEqual([]);
    expect(turns.current.node).toBe(2);
  });

  it('begins nothing any more once the deploy was ended', async () => {
    const group = new FakeGroup(3);
    const { UserError } = await import('../../../scripts/kit/errors.js');
    const { work } = leaving(group, 3, 2, {
      expectRun: () => {
        throw new UserError('the deploy was ended');
      },
    });
    await expect(work()).rejects.toThrow('the deploy was ended');
    expect(group.done).toEqual([]);
  });

  it('enables failover again that a killed run of ours left paused', async () => {
    const group = new FakeGroup(3);
    group.failoverEnabled = false;
    const pause = fakePause(true);
    await leaving(group, 3, 2, { pause }).work();
    expect(group.done).toEqual(['failover true', 'remove 3']);
    expect(pause.exists()).toBe(false);
  });
});
