import { beforeEach, describe, expect, it } from 'vitest';
import { generateSecrets, type Secrets } from '../../../scripts/kit/secrets.js';
import { checkNode, standing } from '../../../scripts/steps/check.js';
import type { ClusterView } from '../../../scripts/live/view.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { Sql } from '../../../scripts/live/sql.js';
import { fakePause, fakeTurns } from './fake-group.js';
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

  const secrets = generateSecrets();
  const nodes = [{ name: 'primary', raftAddress: 'pgraft-primary:7001' }];
  let told: string[] = [];
  let turns = fakeTurns();
  let pause = fakePause();
  let reloadable = '';
  let asked: string[] = [];
  const sql: Sql = {
    query: (_, text, { values = [] }) => {
      asked.push(`${text} ${String(values[0])}`);
      return Promise.resolve([]);
    },
    close: () => undefined,
  };
  beforeEach(() => {
    told = [];
    asked = [];
    turns = fakeTurns();
    pause = fakePause();
    reloadable = '';
  });

  function check(
    its: NodeState,
    views: (ClusterView | undefined)[],
    knowledge = known,
    has: { readonly secrets: Secrets | undefined } = { secrets },
  ) {
    let looks = 0;
    const tools = {
      ...has,
      nodes,
      turns,
      pause,
      sql,
      reloadable,
      docker: fakeDocker([container(2)], (_, [, command = ''], input) => {
        if (command !== 'state') told.push(`${command}: ${input}`);
        return ok(stateLines(its));
      }),
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

  it('tells a member whose volume was lost the secrets, never the token, and waits until it was added anew', async () => {
    const absent = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'cloning' } });
    expect(await check(state(), [healthyView(3), absent, healthyView(3)], { formed: false, members: [] })).toBe(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`raft_key=${secrets.raft_key}`);
    expect(told[0]).not.toContain('formation_token');
  });

  it('only waits for one that has its secrets', async () => {
    expect(await check(state({ configured: 'yes' }), [healthyView(3)])).toBe(2);
    expect(told).toEqual([]);
  });

  it('stops plainly at one whose secrets are nowhere', async () => {
    await expect(check(state(), [healthyView(3)], known, { secrets: undefined })).rejects.toThrow(
      'its secrets are neither here nor on a server that runs',
    );
  });

  it('stops at once when the member refuses to start', async () => {
    const entryPoint = { asked: true, state: state({ phase: 'refused', message: 'bad setting' }) } as const;
    const refusing = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'refused' }, entryPoint });
    await expect(check(member, [refusing])).rejects.toThrow('pgraft-replica1 refuses to start: bad setting');
  });

  it('stops after ten seconds at one that ends at every start, and not at one that ended once', async () => {
    const message =
      'PostgreSQL ended with status 1 after 40 ms (could not map shared memory); it is started again as a standby';
    const postgres = { accepting: false, problem: 'refused' } as const;
    const at = (phase: 'starting' | 'running') =>
      withNode(healthyView(3), 2, { postgres, entryPoint: { asked: true, state: state({ phase, message }) } });
    await expect(check(member, [at('starting')])).rejects.toThrow(
      /^pgraft-replica1 refuses to start: .*could not map shared memory.*set back what was changed, then deploy again$/,
    );
    const views = [at('starting'), ...Array<ClusterView>(200).fill(at('running')), healthyView(3)];
    expect(await check(member, views)).toBe(views.length);
  });

  it('stops after ten seconds where the Raft state of a majority is lost: nothing happens by itself then', async () => {
    const lost = (view: ClusterView, id: number) =>
      withNode(view, id, {
        raft: { available: false, problem: 'its Raft state is lost' },
        entryPoint: { asked: true, state: state({ lost: 'yes' }) },
        postgres: { accepting: false, problem: 'waits' },
      });
    const views = [lost(healthyView(3), 2), lost(lost(healthyView(3), 2), 3)];
    await expect(check(member, [views[1]])).rejects.toThrow(
      /pgraft-replica1 cannot become healthy: no majority of 3 can come back.*npm run recover/,
    );
    await expect(check(member, [views[0]])).rejects.toThrow('pgraft-replica1 to be healthy; last seen: ');
  });

  it('lets a newcomer be that has its copy from a grow that was broken off, and was not added yet', async () => {
    const two = { ...healthyView(3), members: healthyView(3).members.filter(({ id }) => id !== 2) };
    expect(await check(member, [two], { formed: true, members: [1, 3] })).toBe(1);
    await expect(check(member, [two])).rejects.toThrow('pgraft-replica1 to be healthy; last seen: ');
  });

  it('passes the turn of its own server on, and nobody else’s', async () => {
    turns.take({ node: 2, container: 'pgraft-replica1', what: 'is replaced' }, 60_000);
    await check(member, [healthyView(3)]);
    expect(turns.current).toBeUndefined();
    turns.take({ node: 3, container: 'pgraft-replica2', what: 'is replaced' }, 60_000);
    await check(state(), [healthyView(3)]);
    expect(turns.current?.node).toBe(3);
  });

  it('leaves in the turn that its server failed, so that nobody else goes', async () => {
    turns.take({ node: 2, container: 'pgraft-replica1', what: 'is replaced' }, 60_000);
    const down = withNode(healthyView(3), 2, { postgres: { accepting: false, problem: 'connect ECONNREFUSED' } });
    await expect(check(member, [down])).rejects.toThrow('ECONNREFUSED');
    expect(turns.current).toMatchObject({ node: 2, failed: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('passes the turn on where a majority does not answer: the others are to come after it', async () => {
    turns.take({ node: 2, container: 'pgraft-replica1', what: 'is replaced' }, 60_000);
    const silent = { accepting: false, problem: 'x' } as const;
    const noRaft = { available: false, problem: 'x' } as const;
    const alone = [1, 3].reduce((view, id) => withNode(view, id, { postgres: silent, raft: noRaft }), healthyView(3));
    await check(member, [alone]);
    expect(turns.current).toBeUndefined();
  });

  it('enables failover again that was paused for its replacement', async () => {
    pause.write();
    await check(member, [healthyView(3)]);
    expect(asked).toEqual(["select pgraft_set_config('failover_enabled', $1) true"]);
    expect(pause.exists()).toBe(false);
  });

  it('hands settings that a reload can take to one without data, before anything else', async () => {
    reloadable = "work_mem = '8MB'";
    await check(member, [healthyView(3)]);
    expect(told).toEqual([]);
    await check(state(), [healthyView(3), healthyView(3)]);
    expect(told.map((line) => line.slice(0, 27))).toEqual([
      "settings: work_mem = '8MB'\n",
      expect.stringMatching(/^configure: /) as string,
    ]);
  });
});
