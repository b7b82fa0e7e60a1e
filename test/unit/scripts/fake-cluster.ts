/** A whole cluster played in memory: what `pgraft-node` and PostgreSQL would answer while it is brought up. */
import { failed, fakeClock, fakeDocker, ok, state, stateLines, container } from './fakes.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { Docker, Endpoint } from '../../../scripts/live/docker.js';
import type { Live } from '../../../scripts/live/open.js';
import type { Sql, SqlRow } from '../../../scripts/live/sql.js';
import type { Outcome } from '../../../scripts/kit/shell.js';

export interface FakeNode {
  state: NodeState;
  /** Accepts connections. */
  up: boolean;
  /** What a command of pgraft-node fails with, by command. */
  readonly broken: Record<string, string>;
  /** Does not answer `pgraft-node state`. */
  deaf?: string;
}

export interface FakeCluster {
  readonly docker: Docker;
  readonly sql: Sql;
  readonly nodes: FakeNode[];
  /** Commands of pgraft-node in the order they came, `state` left out: "replica1 configure". */
  readonly orders: string[];
  /** What was handed over on standard input, by node. */
  readonly inputs: Map<string, string>;
  passwords: string[];
}

/** Servers in the given states; data makes a server accept connections, and all with data form the group. */
export function fakeCluster(states: Partial<NodeState>[]): FakeCluster {
  const containers = states.map((_, index) => container(index + 1));
  const nodes = states.map((changes) => ({ state: state(changes), up: changes.data === 'present', broken: {} }));
  const orders: string[] = [];
  const inputs = new Map<string, string>();
  const docker = fakeDocker(containers, (name, [, command = '', ...args], input) => {
    const index = containers.findIndex((one) => one.container === name);
    const node: FakeNode | undefined = nodes[index];
    if (node === undefined) return failed(`no container ${name}`);
    if (command === 'state') return node.deaf === undefined ? ok(stateLines(node.state)) : failed(node.deaf);
    orders.push([name.replace('pgraft-', ''), command, ...args].join(' '));
    if (input !== '') inputs.set(name, input);
    return obey(node, command);
  });
  const sql: Sql = {
    query: (endpoint, text) => Promise.resolve(answer(nodes, endpoint, text)),
    close: () => undefined,
  };
  return { docker, sql, nodes, orders, inputs, passwords: [] };
}

/**
 * That many members, as a command has them open. `answer` gives the rows of what the cluster itself does not know.
 *
 * @returns also every statement, in the order they came
 */
export function fakeLive(count: number, answer: (text: string, endpoint: Endpoint) => Awaitable<SqlRow[] | undefined>) {
  const member = { data: 'present', raft: 'present', formation: 'consumed', configured: 'yes' } as const;
  const { docker, sql } = fakeCluster(Array.from({ length: count }, () => member));
  const asked: string[] = [];
  const opened: Live = {
    prefix: 'pgraft',
    provider: 'registry',
    docker,
    sql: {
      query: async (endpoint, text, options) => {
        asked.push(text);
        return (await answer(text, endpoint)) ?? sql.query(endpoint, text, options);
      },
      close: () => undefined,
    },
    secrets: undefined,
    clock: fakeClock(),
    close: () => undefined,
  };
  return { opened, asked };
}

type Awaitable<T> = T | Promise<T>;

function obey(node: FakeNode, command: string): Outcome {
  const problem = node.broken[command];
  if (problem !== undefined) return failed(problem);
  if (command === 'settings') return ok();
  if (command === 'configure') node.state = { ...node.state, configured: 'yes', formation: 'token' };
  else {
    node.state = { ...node.state, data: 'present', incarnation: 'match', system_identifier: '73', phase: 'running' };
    node.up = true;
  }
  return ok();
}

/** Rows as the servers' functions give them, by what the statement reads from. */
function answer(nodes: readonly FakeNode[], { port }: Endpoint, text: string): SqlRow[] {
  const id = port - 5431;
  if (nodes[id - 1]?.up !== true) throw new Error('connect ECONNREFUSED');
  const formed = nodes.every(({ up }) => up);
  const leads = id === 1 && formed;
  if (text.includes('from pg_stat_replication')) {
    return nodes.slice(1).map((_, index) => ({
      application_name: `replica${index + 1}_0a1b`,
      state: 'streaming',
      sync_state: 'quorum',
      flush_lag: '0',
      replay_lag: '0',
    }));
  }
  if (text.includes('pgraft_get_nodes()')) {
    if (!formed) return [];
    return nodes.map((_, index) => ({ node_id: index + 1, name: `n${index + 1}`, state: 'follower', voter: true }));
  }
  if (text.includes('pgraft_get_cluster_status()')) {
    const word = leads ? 'leader' : formed ? 'follower' : 'unavailable';
    const numbers = { current_term: '1', leader_id: formed ? '1' : '0', commit_index: '5' };
    const flags = { writable: leads, synchronous_in_force: leads, quorum_met: formed, failover_enabled: true };
    return [{ state: word, role: leads ? 'primary' : 'standby', ...numbers, ...flags }];
  }
  const lsn = { written_lsn: '0/3000148', replayed_lsn: '0/3000148' };
  return [{ in_recovery: !leads, timeline: 2, system_identifier: '73', ...lsn }];
}
