import { describe, expect, it } from 'vitest';
import { containerName } from '../../../constructs/topology.js';
import type { DepartureTools } from '../../../scripts/steps/departing.js';
import { letRoll } from '../../../scripts/steps/roll.js';
import {
  isPrimaryFirst,
  limitChanges,
  outdatedMembers,
  predecessors,
  whyKeep,
} from '../../../scripts/steps/roll-plan.js';
import { declared, FakeGroup, fakePause, fakeTurns, type FakeTurns } from './fake-group.js';
import { healthyView, silentReport, withNode } from './fakes.js';

const down = {
  docker: { status: 'exited', health: undefined, since: undefined, onNetwork: true },
  postgres: { accepting: false, problem: 'x' },
  raft: { available: false, problem: 'x' },
} as const;

describe('limitChanges', () => {
  const current = [
    { name: 'max_connections', value: 100, otherwise: 100 },
    { name: 'max_worker_processes', value: 16, otherwise: 8 },
  ];

  it('compares with what is declared, or else with the default', () => {
    expect(limitChanges(current, { max_connections: '100', max_worker_processes: '16' })).toEqual([]);
    expect(limitChanges(current, { max_connections: '50' })).toEqual([
      { name: 'max_connections', from: 100, to: 50 },
      { name: 'max_worker_processes', from: 16, to: 8 },
    ]);
    expect(limitChanges(current, { max_connections: 'many', max_worker_processes: '16' })).toEqual([]);
  });
});

describe('isPrimaryFirst (R20)', () => {
  const change = (name: string, from: number, to: number) => ({ name, from, to });

  it('when one is lowered, and not when one is raised or none changes', () => {
    expect(isPrimaryFirst([change('max_connections', 100, 50)])).toBe(true);
    expect(isPrimaryFirst([change('max_connections', 100, 200)])).toBe(false);
    expect(isPrimaryFirst([])).toBe(false);
  });

  it('has no answer to both at once', () => {
    const both = [change('max_connections', 100, 200), change('max_worker_processes', 8, 4)];
    expect(() => isPrimaryFirst(both)).toThrow(
      /^max_connections 100 -> 200 is raised, .* and max_worker_processes 8 -> 4 is lowered, .*two deploys$/,
    );
  });
});

describe('the order of a roll', () => {
  const view = healthyView(3);
  const ids = (id: number, given = view, outdated = [1, 2, 3], primaryFirst = false) =>
    predecessors(given, id, { outdated, primaryFirst }).map((node) => node.id);

  it('is the standbys, in any order, then the primary', () => {
    expect([1, 2, 3].map((id) => ids(id))).toEqual([[2, 3], [], []]);
  });

  it('is the primary, then the standbys, where a lowered setting asks for that', () => {
    expect([1, 2, 3].map((id) => ids(id, view, [1, 2, 3], true))).toEqual([[], [1], [1]]);
  });

  it('begins with who does not serve', () => {
    const broken = withNode(view, 3, down);
    expect([1, 2, 3].map((id) => ids(id, broken))).toEqual([[2, 3], [3], []]);
  });

  it('waits for nobody who is made as declared', () => {
    expect(ids(1, view, [1])).toEqual([]);
  });

  it('counts members only, and those that are not made as they are declared', () => {
    const containers = [1, 2, 3, 4, 5].map((node) => ({ node, definition: node === 2 ? 'new' : 'old' }));
    const definitions = { '1': 'new', '2': 'new', '3': 'new', '4': 'new' };
    expect(outdatedMembers(view, containers, definitions)).toEqual([1, 3]);
    expect(outdatedMembers(view, [{ node: 3, definition: undefined }], definitions)).toEqual([3]);
  });
});

describe('whyKeep', () => {
  it('lets a member of a healthy cluster go, and one that does not serve whatever the others do', () => {
    expect(whyKeep(healthyView(3), 2)).toBeUndefined();
    const two = withNode(withNode(healthyView(3), 2, down), 3, down);
    expect(whyKeep(two, 3)).toBeUndefined();
    expect(whyKeep(two, 1)).toMatch(/pgraft-replica1: the container is exited/);
  });

  it('does not mind a newcomer that is no member yet', () => {
    const grown = healthyView(4);
    const three = { ...grown, members: grown.members.slice(0, 3) };
    expect(whyKeep(withNode(three, 4, down), 2)).toBeUndefined();
  });

  it('lets the only server go', () => {
    expect(whyKeep(healthyView(1), 1)).toBeUndefined();
  });
});

describe('letRoll', () => {
  function rolling(group: FakeGroup, id: number, changes: Partial<DepartureTools> & { turns?: FakeTurns } = {}) {
    const turns = changes.turns ?? fakeTurns();
    const containerId = `id-${id}`;
    const about = { prefix: 'pgraft', node: id, container: containerName('pgraft', id) };
    const raftAddress = `${about.container}:${7000 + id}`;
    const input = { hook: 'roll', ...about, present: 'yes', containerId, raftAddress } as const;
    const tools: DepartureTools = {
      live: group.live,
      turns,
      pause: fakePause(),
      report: silentReport(),
      cluster: declared(group.servers.length, {}, 'new'),
      expectRun: () => undefined,
      now: () => Date.now(),
      ...changes,
    };
    return { turns, work: () => letRoll(input, tools) };
  }

  /** What Terraform and Check do once a Roll has ended. */
  function replace(group: FakeGroup, id: number): void {
    Object.assign(group.server(id), { containerId: `new-${id}`, definition: 'new' });
  }

  it('takes the turn, and leaves it to the Check of the new container', async () => {
    const group = new FakeGroup(3);
    const turns = fakeTurns();
    await rolling(group, 2, { turns }).work();
    expect(group.done).toEqual([]);
    expect(turns.log).toEqual(['take 2']);
    expect(turns.current).toMatchObject({ node: 2, what: 'is replaced' });
  });

  it('of three at once is one at a time, the primary last and without leadership', async () => {
    const group = new FakeGroup(3);
    const turns = fakeTurns();
    const order: number[] = [];
    const one = async (id: number) => {
      await rolling(group, id, { turns }).work();
      order.push(id);
      expect(turns.current?.node).toBe(id);
      expect(group.leader === id).toBe(false);
      replace(group, id);
      await Promise.resolve();
      turns.pass(id);
    };
    await Promise.all([one(1), one(2), one(3)]);
    expect(order.at(-1)).toBe(1);
    expect(group.done).toHaveLength(1);
    expect(group.done[0]).toMatch(/^transfer 1 -> [23]$/);
  });

  it('has nothing to do when its container is gone: it runs before the new one is made', async () => {
    const group = new FakeGroup(3);
    const { turns, work } = rolling(group, 2);
    replace(group, 2);
    await work();
    expect(turns.current).toBeUndefined();
  });

  it('is refused where the others would not find the server any more', async () => {
    const group = new FakeGroup(3);
    const cluster = declared(3, {}, 'new');
    const nodes = cluster.nodes.map((node) => ({ ...node, raftAddress: `${node.container}:${8000 + node.id}` }));
    const { turns, work } = rolling(group, 2, { cluster: { ...cluster, nodes } });
    await expect(work()).rejects.toThrow(
      /^pgraft-replica1 is a member of the Raft group at pgraft-replica1:7002, and would come back at pgraft-replica1:8002, .* set raftPort back to 7001$/,
    );
    expect(turns.log).toEqual([]);
  });

  it('stops waiting when its container goes meanwhile', async () => {
    const group = new FakeGroup(3);
    const { turns, work } = rolling(group, 1, {
      expectRun: () => {
        if (group.clock.slept.length > 2) replace(group, 1);
      },
    });
    await work();
    expect(turns.current).toBeUndefined();
  });

  it('has nothing to do for one that is no member', async () => {
    const group = new FakeGroup(3, 1);
    const { turns, work } = rolling(group, 4);
    await work();
    expect(turns.current).toBeUndefined();
  });

  it('keeps the container while another server is not healthy; its turn then says what went wrong', async () => {
    const group = new FakeGroup(3);
    group.server(3).up = false;
    group.server(3).definition = 'new';
    const { turns, work } = rolling(group, 2);
    await expect(work()).rejects.toThrow(
      /for the others to be healthy, before pgraft-replica1 goes; last seen: .*pgraft-replica2: the container is exited.*it was not replaced and goes on/,
    );
    expect(turns.current?.failed).toContain('pgraft-replica2: the container is exited');
  });

  it('lets one go that does not serve, though another does not either', async () => {
    const group = new FakeGroup(5);
    group.server(3).up = false;
    group.server(4).up = false;
    const { turns, work } = rolling(group, 3);
    await work();
    expect(turns.current?.what).toBe('is replaced');
  });

  it('says that the servers before it never came', async () => {
    const group = new FakeGroup(3);
    await expect(rolling(group, 1).work()).rejects.toThrow(
      /^pgraft-primary waits for its turn, which nobody has taken for 60 s: pgraft-replica1, pgraft-replica2 first; .*-target/,
    );
  });

  it('touches nothing without a majority, and says what to do', async () => {
    const group = new FakeGroup(3);
    for (const id of [2, 3]) Object.assign(group.server(id), { up: false, definition: 'new' });
    const { turns, work } = rolling(group, 1);
    await expect(work()).rejects.toThrow(
      /^pgraft-primary waits .*: no server accepts writes \(1 of 3 voters answers and 2 must.*\); it was not replaced and goes on; mend that/,
    );
    expect(turns.current).toBeUndefined();
  });

  it('stops when another has failed with the turn', async () => {
    const group = new FakeGroup(3);
    const turns = fakeTurns();
    const about = { pid: 1, started: '1', node: 2, container: 'pgraft-replica1', until: 0 };
    turns.current = { ...about, what: 'was replaced,', failed: 'it does not start' };
    await expect(rolling(group, 3, { turns }).work()).rejects.toThrow(
      'pgraft-replica1, whose turn it was, was replaced, and that failed: it does not start; pgraft-replica2 was not touched',
    );
  });

  it('stops when another had its turn long ago and no word came of it', async () => {
    const group = new FakeGroup(3);
    const turns = fakeTurns();
    turns.current = { pid: 1, started: '1', node: 2, container: 'pgraft-replica1', until: 0, what: 'is replaced' };
    await expect(rolling(group, 3, { turns }).work()).rejects.toThrow('pgraft-replica1 is replaced since long');
  });

  it('keeps the container of a primary that cannot hand over', async () => {
    const group = new FakeGroup(3);
    for (const id of [2, 3]) group.server(id).definition = 'new';
    group.broken.transfer = 'node 2 lacks entries of the Raft log';
    const { turns, work } = rolling(group, 1);
    await expect(work()).rejects.toThrow('node 2 lacks entries of the Raft log');
    expect(turns.current?.failed).toContain('pgraft-primary goes on as the primary');
  });

  it('of the only server asks nobody to take over', async () => {
    const group = new FakeGroup(1);
    const { turns, work } = rolling(group, 1);
    await work();
    expect(group.done).toEqual([]);
    expect(turns.current?.what).toBe('is replaced');
  });

  it('with a lowered setting is the primary first, in place, with failover paused (R20)', async () => {
    const group = new FakeGroup(3);
    const turns = fakeTurns();
    const pause = fakePause();
    const cluster = declared(3, { limits: { max_connections: '50' } }, 'new');
    const one = async (id: number) => {
      await rolling(group, id, { turns, pause, cluster }).work();
      replace(group, id);
      if (id === 1) group.limits = { ...group.limits, max_connections: 50 };
      group.done.push(`replaced ${id}`);
      turns.pass(id);
    };
    await Promise.all([one(2), one(3), one(1)]);
    expect(group.done.slice(0, 3)).toEqual(['failover false', 'primary lower', 'replaced 1']);
    // the first to come afterwards enables it, had Check not
    expect(group.done.slice(3)).toEqual(['failover true', 'replaced 2', 'replaced 3']);
    expect(pause.exists()).toBe(false);
  });

  it('leaves a pause alone that somebody else has made', async () => {
    const group = new FakeGroup(1);
    group.failoverEnabled = false;
    const pause = fakePause();
    const cluster = declared(1, { limits: { max_connections: '50' } }, 'new');
    await rolling(group, 1, { pause, cluster }).work();
    expect(group.done).toEqual(['primary lower']);
    expect(pause.exists()).toBe(false);
  });

  it('replaces nothing where settings are raised and lowered at once', async () => {
    const group = new FakeGroup(3);
    const cluster = declared(3, { limits: { max_connections: '50', max_worker_processes: '16' } }, 'new');
    await expect(rolling(group, 2, { cluster }).work()).rejects.toThrow('two deploys');
  });
});
