import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../scripts/kit/errors.js';
import type { Wishes } from '../../../scripts/kit/stoppable.js';
import type { Live } from '../../../scripts/live/open.js';
import type { ClusterView, NodeView } from '../../../scripts/live/view.js';
import { whyNeeded } from '../../../scripts/steps/maintain-plan.js';
import { maintain, maintainedSentence } from '../../../scripts/steps/maintain.js';
import { fakeLive } from './fake-cluster.js';
import { healthyView, silentReport, withNode } from './fakes.js';

const healthy = healthyView(3);
const pick = (view: ClusterView, id: number) => view.nodes.find((node) => node.id === id) as NodeView;

function stopped(view: ClusterView, ...ids: number[]): ClusterView {
  const docker = { status: 'exited', health: undefined, since: undefined, onNetwork: true };
  const silent = { accepting: false, available: false, problem: 'connect ECONNREFUSED' } as const;
  return ids.reduce((seen, id) => withNode(seen, id, { docker, postgres: silent, raft: silent }), view);
}

function withoutStream(view: ClusterView, name: string): ClusterView {
  const postgres = view.nodes[0]?.postgres;
  if (postgres?.accepting !== true) throw new Error('node 1 is the primary');
  const streams = postgres.streams.filter((stream) => stream.name !== name);
  return withNode(view, 1, { postgres: { ...postgres, streams } });
}

describe('whyNeeded', () => {
  it.each([1, 2, 3])('is nothing for node %i of a healthy cluster of three', (id) => {
    expect(whyNeeded(healthy, pick(healthy, id))).toBeUndefined();
  });

  it('is nothing for a spare beside two voters', () => {
    const members = healthy.members.map((member) => ({ ...member, voter: member.id !== 3 }));
    const nodes = healthy.nodes.filter(({ id }) => id !== 3);
    expect(whyNeeded({ ...healthy, nodes, members }, pick(healthy, 3))).toBeUndefined();
  });

  const refusals: [string, ClusterView, number, RegExp][] = [
    ['the only server', healthyView(1), 1, /^it is the only server that votes; have three/],
    [
      'one of two',
      healthyView(2),
      2,
      /^without it 1 of 2 voters would be left, and 2 must be, so writes would stop; have three servers/,
    ],
    [
      'the last healthy one',
      stopped(healthy, 2, 3),
      1,
      /^it is the last healthy server: .*docker start pgraft-replica1 brings it back.*; bring the others back first/,
    ],
    [
      'needed for a majority',
      stopped(healthy, 3),
      2,
      /^without it 1 of 3 voters would be left, and 2 must be, so writes would stop: pgraft-replica2: the container is exited/,
    ],
    [
      'needed while another does not stream',
      withoutStream(healthy, 'replica2'),
      2,
      /^without it 1 of 3 voters would be left.*: pgraft-replica2: does not stream from pgraft-primary/,
    ],
    [
      'in a cluster of five with one down',
      stopped(healthyView(5), 5),
      2,
      /^the cluster is not healthy: pgraft-replica4: the container is exited.*; mend that first/,
    ],
    ['down itself', stopped(healthy, 2), 2, /^the cluster is not healthy: pgraft-replica1: the container is exited/],
    [
      'in a cluster without a primary',
      withNode(healthy, 1, { raft: { available: false, problem: 'no answer' } }),
      2,
      /^no server accepts writes: no server leads/,
    ],
  ];
  it.each(refusals)('is told of a server that is %s', (_, view, id, reason) => {
    expect(whyNeeded(view, pick(view, id))).toMatch(reason);
    expect(whyNeeded(view, pick(view, id))).toMatch(/; it was not touched$/);
  });
});

describe('maintain', () => {
  /** Node 1 leads; what is done to containers and run, in order. */
  function live({ servers = 3, startFails = false, transactions = (): number => 0 } = {}) {
    const { opened: asIs } = fakeLive(servers, (text) => {
      if (text.includes('as sessions')) return [{ sessions: 2, now: '2026-01-02' }];
      if (text.includes('as transactions')) return [{ transactions: transactions() }];
      return text.includes('pg_wal_lsn_diff($1') ? [{ lag: '0' }] : undefined;
    });
    const { docker, clock } = asIs;
    const done: string[] = [];
    const opened: Live = {
      ...asIs,
      docker: {
        ...docker,
        stop: async ([name]) => Promise.resolve(void done.push(`stop ${name ?? ''}`)),
        start: async ([name]) => {
          done.push(`start ${name ?? ''}`);
          if (startFails) throw new Error('no such container');
          return Promise.resolve();
        },
      },
    };
    return { opened, done, clock };
  }
  const report = silentReport();
  const runs = (done: string[], status: number) => async (command: readonly string[]) => {
    done.push(command.join(' '));
    return Promise.resolve(status);
  };

  it('stops the server, runs the command and starts the server, and gives the status of the command', async () => {
    const { opened, done } = live();
    const options = { node: 'replica1', command: ['patch', 'it'], run: runs(done, 3), report };
    expect(await maintain(opened, options)).toMatchObject({ node: { id: 2 }, status: 3 });
    expect(done).toEqual(['stop pgraft-replica1', 'patch it', 'start pgraft-replica1']);
  });

  it('only stops and starts the server without a command', async () => {
    const { opened, done } = live();
    expect(await maintain(opened, { node: '2', command: [], run: runs(done, 3), report })).toMatchObject({ status: 0 });
    expect(done).toEqual(['stop pgraft-replica1', 'start pgraft-replica1']);
  });

  it('tells a command what it is about', async () => {
    const { opened } = live();
    let told: Readonly<Record<string, string>> = {};
    const run = async (_: readonly string[], environment: Readonly<Record<string, string>>) => {
      told = environment;
      return Promise.resolve(0);
    };
    await maintain(opened, { node: '2', command: ['x'], run, report });
    expect(told).toEqual({
      MAINTAIN_NODE: 'replica1',
      MAINTAIN_ID: '2',
      MAINTAIN_CONTAINER: 'pgraft-replica1',
      MAINTAIN_VOLUME: 'pgraft-replica1-data',
      MAINTAIN_CLUSTER: 'pgraft',
    });
  });

  it('starts the server also when the command cannot be run', async () => {
    const { opened, done } = live();
    const run = async () => Promise.reject(new Error('spawn ENOMEM'));
    await expect(maintain(opened, { node: '2', command: ['x'], run, report })).rejects.toThrow('spawn ENOMEM');
    expect(done).toEqual(['stop pgraft-replica1', 'start pgraft-replica1']);
  });

  it('says that the command failed and that the server did not come back', async () => {
    const { opened, done } = live({ startFails: true });
    await expect(maintain(opened, { node: '2', command: ['x'], run: runs(done, 7), report })).rejects.toThrow(
      'the command ended with status 7; pgraft-replica1 could not be started again: no such container; npm start then brings it back',
    );
  });

  it('gives transactions 10 s to end, and then goes on', async () => {
    const { opened, done, clock } = live({ transactions: () => 1 });
    const begun = clock.now();
    await maintain(opened, { node: '2', command: [], run: runs(done, 0), report });
    expect(clock.now() - begun).toBeGreaterThanOrEqual(10_000);
    expect(clock.now() - begun).toBeLessThan(15_000);
  });

  const interrupted = () => {
    const controller = new AbortController();
    const wishes: Wishes = { end: controller.signal, insist: new AbortController().signal };
    const interrupt = () => {
      controller.abort(new InterruptedError('SIGINT', 'interrupted'));
    };
    return { wishes, interrupt };
  };

  it('leaves the server in service when it is interrupted before', async () => {
    const { wishes, interrupt } = interrupted();
    const { opened, done } = live({
      transactions: () => {
        interrupt();
        return 1;
      },
    });
    await expect(maintain(opened, { node: '2', command: ['x'], run: runs(done, 0), report, wishes })).rejects.toThrow(
      'interrupted: pgraft-replica1 was not taken out of service',
    );
    expect(done).toEqual([]);
  });

  it('brings the server back when it is interrupted during the command, and says so', async () => {
    const { wishes, interrupt } = interrupted();
    const { opened, done } = live();
    const run = async () => {
      interrupt();
      return Promise.resolve(130);
    };
    const ended = maintain(opened, { node: '2', command: ['x'], run, report, wishes });
    await expect(ended).rejects.toThrow('interrupted: pgraft-replica1 is back, streams and counts');
    await expect(ended).rejects.toBeInstanceOf(InterruptedError);
    expect(done).toEqual(['stop pgraft-replica1', 'start pgraft-replica1']);
  });

  it('does not touch a server that is needed', async () => {
    const { opened, done } = live({ servers: 2 });
    await expect(maintain(opened, { node: '2', command: [], run: runs(done, 0), report })).rejects.toThrow(
      /^pgraft-replica1 cannot go out of service now: without it 1 of 2 voters would be left/,
    );
    expect(done).toEqual([]);
  });
});

describe('maintainedSentence', () => {
  const steps = [
    { title: '4. it is out of service', took: 300 },
    { title: '5. it streams and counts again', took: 1_200 },
  ];
  it('has the longest step, and what became of the command', () => {
    const node = pick(healthy, 2);
    expect(maintainedSentence({ node, status: 0, steps, away: 1_500 })).toBe(
      'pgraft-replica1 was out of service for 1.5s, and streams and counts again. Longest step: it streams and counts again (1.2s).',
    );
    expect(maintainedSentence({ node, status: 3, steps, away: 1 })).toMatch(/ The command ended with status 3\.$/);
  });
});
