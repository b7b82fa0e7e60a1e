/** Stand-ins for time, Docker, SQL and the report, so that what the scripts do is tested without any of them. */
import type { Clock } from '../../../scripts/kit/clock.js';
import type { Report } from '../../../scripts/kit/report.js';
import type { Outcome } from '../../../scripts/kit/shell.js';
import type { ClusterObjects, Container, Docker } from '../../../scripts/live/docker.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { ClusterView, NodeView } from '../../../scripts/live/view.js';

/** A clock that moves only when somebody sleeps. */
export function fakeClock(): Clock & { readonly slept: number[] } {
  let now = 1_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

export function silentReport(): Report & { readonly titles: string[] } {
  const titles: string[] = [];
  return {
    titles,
    note: () => undefined,
    step: async (title, work) => {
      titles.push(title);
      return work(() => undefined);
    },
  };
}

export const ok = (stdout = ''): Outcome => ({ ok: true, stdout, problem: '' });
export const failed = (problem: string): Outcome => ({ ok: false, stdout: '', problem });

/** A state as an empty, unconfigured node gives it. */
export function state(changes: Partial<NodeState> = {}): NodeState {
  return {
    data: 'none',
    raft: 'none',
    incarnation: 'none',
    configured: 'no',
    formation: 'none',
    lost: 'no',
    phase: 'waiting',
    system_identifier: '',
    message: '',
    ...changes,
  };
}

export function stateLines(of: NodeState): string {
  return Object.entries(of)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

export function container(node: number, changes: Partial<Container> = {}): Container {
  const name = node === 1 ? 'primary' : `replica${node - 1}`;
  return {
    id: `id-${node}`,
    container: `pgraft-${name}`,
    node,
    name,
    status: 'running',
    health: 'healthy',
    since: '2026-01-02T03:04:05Z',
    postgres: { host: '127.0.0.1', port: 5431 + node },
    networks: ['pgraft-network'],
    ...changes,
  };
}

/** A Docker of given containers whose `exec` is played by `answer`. */
export function fakeDocker(
  containers: readonly Container[],
  answer: (container: string, command: readonly string[], input: string) => Outcome,
  rest: Partial<ClusterObjects> = {},
): Docker {
  const objects = { containers, volumes: [], networks: ['pgraft-network'], ...rest };
  return {
    objects: () => Promise.resolve(objects),
    exec: (name, command, { input = '' }) => Promise.resolve(answer(name, command, input)),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

/** A healthy view of `count` servers, node 1 leading in term 1. */
export function healthyView(count: number): ClusterView {
  const nodes = Array.from({ length: count }, (_, index) => viewOf(index + 1, count));
  const members = nodes.map(({ id, name }) => ({
    id,
    name,
    state: id === 1 ? 'leader' : 'follower',
    voter: true,
  }));
  return { prefix: 'pgraft', provider: 'registry', takenAt: '2026-01-02T03:04:06.000Z', nodes, members };
}

/** `view` with node `id` changed. */
export function withNode(view: ClusterView, id: number, changes: Partial<NodeView>): ClusterView {
  return { ...view, nodes: view.nodes.map((node) => (node.id === id ? { ...node, ...changes } : node)) };
}

function synchronousNames(count: number): string {
  const names = Array.from({ length: count - 1 }, (_, index) => `"replica${index + 1}_0a1b2c3d"`);
  return count === 1 ? '' : `ANY ${Math.floor(count / 2)} (${names.join(', ')})`;
}

function viewOf(id: number, count: number): NodeView {
  const { name, container: full, status, health, since, postgres: endpoint } = container(id);
  const streams = Array.from({ length: count - 1 }, (_, index) => ({
    name: `replica${index + 1}`,
    state: 'streaming',
    syncState: 'quorum',
    flushLagBytes: 0,
    replayLagBytes: index * 2048,
  }));
  return {
    id,
    name,
    container: full,
    docker: { status, health, since, onNetwork: true },
    entryPoint: undefined,
    endpoint,
    postgres: {
      accepting: true,
      inRecovery: id !== 1,
      timeline: 2,
      writtenLsn: '0/3000148',
      replayedLsn: '0/3000148',
      systemIdentifier: '7300000000000000001',
      synchronousNames: id === 1 ? synchronousNames(count) : '',
      streams: id === 1 ? streams : [],
    },
    raft: {
      available: true,
      state: id === 1 ? 'leader' : 'follower',
      term: 1,
      leaderId: 1,
      role: id === 1 ? 'primary' : 'standby',
      writable: id === 1,
      synchronousInForce: id === 1,
      quorumMet: true,
      commitIndex: 9,
      failoverEnabled: true,
      promotion: { term: 1, nodeId: 1, timeline: 2 },
    },
  };
}
