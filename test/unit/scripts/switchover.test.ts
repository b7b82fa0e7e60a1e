import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../scripts/kit/errors.js';
import type { SqlRow } from '../../../scripts/live/sql.js';
import type { ClusterView, NodeView } from '../../../scripts/live/view.js';
import { planSwitchover } from '../../../scripts/steps/switchover-plan.js';
import { switchedSentence, switchover } from '../../../scripts/steps/switchover.js';
import { fakeLive } from './fake-cluster.js';
import { healthyView, silentReport, state, withNode } from './fakes.js';

const healthy = healthyView(3);
const silent = { accepting: false, problem: 'connect ECONNREFUSED' } as const;
const noRaft = { available: false, problem: 'connect ECONNREFUSED' } as const;

function stopped(view: ClusterView, ...ids: number[]): ClusterView {
  const docker = { status: 'exited', health: undefined, since: undefined, onNetwork: true };
  return ids.reduce((seen, id) => withNode(seen, id, { docker, postgres: silent, raft: noRaft }), view);
}

function cloning(view: ClusterView, id: number): ClusterView {
  const message = 'copies the data of pgraft-primary';
  const entryPoint = { asked: true, state: state({ phase: 'cloning', message }) } as const;
  return withNode(view, id, { postgres: silent, raft: noRaft, entryPoint });
}

function withRaft(view: ClusterView, id: number, changes: object): ClusterView {
  const raft = view.nodes.find((node) => node.id === id)?.raft;
  if (raft?.available !== true) throw new Error('it has a Raft');
  return withNode(view, id, { raft: { ...raft, ...changes } });
}

function lagging(view: ClusterView, name: string, bytes: number): ClusterView {
  const postgres = view.nodes[0]?.postgres;
  if (postgres?.accepting !== true) throw new Error('node 1 is the primary');
  const streams = postgres.streams.map((stream) =>
    stream.name === name ? { ...stream, flushLagBytes: bytes } : stream,
  );
  return withNode(view, 1, { postgres: { ...postgres, streams } });
}

const pick = (view: ClusterView, id: number) => view.nodes.find((node) => node.id === id) as NodeView;
const nobodyLeads = (view: ClusterView) =>
  withRaft(view, 1, { state: 'follower', writable: false, role: 'waiting', leaderId: 0 });

describe('planSwitchover', () => {
  it('is from the primary to the server that was named, or to whichever suits best', () => {
    expect(planSwitchover(healthy, pick(healthy, 3))).toMatchObject({ from: { id: 1 }, to: { id: 3 } });
    expect(planSwitchover(healthy)).toMatchObject({ from: { id: 1 }, to: undefined });
  });

  it('is possible with one of three down, and of two servers', () => {
    const five = stopped(healthyView(5), 5);
    expect(planSwitchover(five, pick(five, 2))).toMatchObject({ to: { id: 2 } });
    expect(planSwitchover(healthyView(2))).toMatchObject({ from: { id: 1 } });
  });

  const refusals: [string, ClusterView, number | undefined, RegExp][] = [
    ['is the primary', healthy, 1, /^pgraft-primary is the primary already; choose one of replica1, replica2; nothing/],
    [
      'is down',
      stopped(healthy, 2),
      2,
      /^pgraft-replica1: the container is exited; docker start pgraft-replica1 brings it back; so it cannot take over: choose replica2; nothing/,
    ],
    [
      'is cloning',
      cloning(healthy, 2),
      2,
      /^pgraft-replica1: cloning: copies the data of pgraft-primary; so it cannot/,
    ],
    [
      'lags',
      lagging(healthy, 'replica1', 32 * 1024 * 1024),
      2,
      /^pgraft-replica1 lags 32\.0 MiB behind pgraft-primary, more than 16\.0 MiB, and cannot take over: wait .*, or choose replica2/,
    ],
    [
      'has no vote',
      { ...healthy, members: healthy.members.map((member) => ({ ...member, voter: member.id !== 2 })) },
      2,
      /^pgraft-replica1: a spare: it does not vote; so it cannot take over/,
    ],
    [
      'has no majority behind it',
      nobodyLeads(stopped(healthy, 2, 3)),
      undefined,
      /^no majority: 1 of 3 voters answers and 2 must, .*docker start pgraft-replica1 brings it back/,
    ],
    [
      'would be without a majority',
      stopped(healthy, 3),
      2,
      /^without pgraft-primary 1 of 3 voters would answer, and 2 must: pgraft-replica2: the container is exited/,
    ],
    [
      'finds nobody who leads',
      nobodyLeads(healthy),
      2,
      /^no server accepts writes, and so none can hand over: no server leads/,
    ],
    [
      'finds failover paused',
      withRaft(healthy, 1, { failoverEnabled: false }),
      2,
      /^failover is paused .*enable it first/,
    ],
    [
      'finds nobody who could',
      lagging(lagging(healthy, 'replica1', 2e8), 'replica2', 3e8),
      undefined,
      /^no standby can take over from pgraft-primary: pgraft-replica1 lags .*; pgraft-replica2 lags /,
    ],
    ['is alone', healthyView(1), undefined, /^there is one server, and nobody to hand over to/],
  ];
  it.each(refusals)('refuses a server that %s', (_, view, id, reason) => {
    expect(() => planSwitchover(view, id === undefined ? undefined : pick(view, id))).toThrow(reason);
    expect(() => planSwitchover(view, id === undefined ? undefined : pick(view, id))).toThrow(/nothing was changed$/);
  });
});

describe('switchover', () => {
  /** Three servers of which node `writer()` accepts writes. */
  const live = (
    writer: () => number,
    call: () => SqlRow[] = () => [{ pgraft_transfer_leadership: true }],
    changers: (id: number) => SqlRow[] = () => [],
    confirming: () => string = () => '1',
  ) =>
    fakeLive(3, async (text, { port }) => {
      const id = port - 5431;
      if (text.includes('pgraft_transfer_leadership($1)')) return Promise.resolve().then(call);
      if (text.includes('from pg_stat_activity')) return changers(id);
      return text.includes('as confirming')
        ? [{ writable: id === writer(), synchronous_names: 'ANY 1 (a, b)', confirming: confirming() }]
        : undefined;
    });
  const report = silentReport();
  const failing = (code: string, message: string) => () => {
    throw Object.assign(new Error(message), { code, severity: 'ERROR', hint: 'Try again.' });
  };

  it('puts through what the server refuses with, and says who leads', async () => {
    const { opened } = live(() => 1, failing('55000', 'node 2 lacks entries of the Raft log'));
    await expect(switchover(opened, { to: 'replica1', report })).rejects.toThrow(
      'pgraft_transfer_leadership: node 2 lacks entries of the Raft log. Try again.; pgraft-primary goes on as the primary',
    );
  });

  it('is refused while somebody changes the cluster, with who that is', async () => {
    const changers = (id: number) => (id === 3 ? [{ who: 'postgres from 172.18.0.1 (psql)', pid: 77 }] : []);
    const { opened, asked } = live(() => 1, undefined, changers);
    await expect(switchover(opened, { report })).rejects.toThrow(
      /^another change of the cluster is under way, asked for by postgres from 172.18.0.1 \(psql\), process 77 on pgraft-replica2; nothing/,
    );
    expect(asked.join()).not.toContain('pgraft_transfer_leadership($1)');
  });

  it('names them also when the change began between the look and the call', async () => {
    let looks = 0;
    const changers = (id: number) => (id === 1 && ++looks > 1 ? [{ who: 'app', pid: 78 }] : []);
    const { opened } = live(() => 1, failing('55006', 'leadership is being transferred'), changers);
    await expect(switchover(opened, { report })).rejects.toThrow(
      'leadership is being transferred (asked for by app, process 78 on pgraft-primary). Try again.; pgraft-primary goes on',
    );
  });

  it('fails when the server that was named is not the one that accepts writes', async () => {
    const { opened } = live(() => 3);
    await expect(switchover(opened, { to: '2', report })).rejects.toThrow(
      /^pgraft-replica2 accepts writes now, and not pgraft-replica1; see npm run status/,
    );
  });

  it('waits until as many standbys stream from the new primary as a commit waits for', async () => {
    let looks = 0;
    const { opened } = live(
      () => 2,
      undefined,
      undefined,
      () => (++looks < 4 ? '0' : '1'),
    );
    await switchover(opened, { to: '2', report });
    expect(looks).toBeGreaterThanOrEqual(4);
  });

  it('looks who leads when the connection is lost before the answer', async () => {
    const lost = () => {
      throw new Error('Connection terminated unexpectedly');
    };
    const { opened } = live(() => 2, lost);
    expect(await switchover(opened, { report })).toMatchObject({ from: { id: 1 }, to: { id: 2 }, copied: false });
  });

  it('asks nothing of the servers when the end comes before the call, and says how things stand', async () => {
    const { opened, asked } = live(() => 1);
    const end = AbortSignal.abort(new InterruptedError('SIGINT', 'interrupted'));
    await expect(switchover(opened, { report, end })).rejects.toThrow(
      'interrupted: pgraft-primary is still the primary; npm run status tells whether it stays so',
    );
    expect(asked.join()).not.toContain('pgraft_transfer_leadership($1)');
  });

  it('stops waiting when the end is asked for meanwhile', async () => {
    const { opened } = live(() => 0);
    const controller = new AbortController();
    const clock = {
      ...opened.clock,
      sleep: async () => {
        controller.abort(new InterruptedError('SIGINT', 'interrupted'));
        return new Promise<void>(() => undefined);
      },
    };
    await expect(switchover({ ...opened, clock }, { report, end: controller.signal })).rejects.toThrow(
      /^interrupted: /,
    );
  });
});

describe('switchedSentence', () => {
  const times = { answered: 31, writable: 152, streaming: 2_100, copied: false };
  it('has the times', () => {
    expect(switchedSentence({ from: pick(healthy, 1), to: pick(healthy, 2), ...times })).toBe(
      'pgraft-replica1 is the primary: answered after 31ms, accepts writes after 152ms; pgraft-primary is its standby again after 2.1s.',
    );
  });
  it('says when the data was copied', () => {
    expect(switchedSentence({ from: pick(healthy, 1), to: pick(healthy, 2), ...times, copied: true })).toContain(
      'after 2.1s, its data copied anew.',
    );
  });
});
