/** A running group played in memory: servers that lead, follow, leave, join, and are replaced. */
import type { HookCluster } from '../../../constructs/hook-input.js';
import { clusterTopology } from '../../../constructs/topology.js';
import type { PauseNote } from '../../../scripts/kit/pause-note.js';
import type { Turn, Turns } from '../../../scripts/kit/turn.js';
import type { Container } from '../../../scripts/live/docker.js';
import type { Live } from '../../../scripts/live/open.js';
import type { SqlRow } from '../../../scripts/live/sql.js';
import { container, fakeClock, failed, ok, state, stateLines } from './fakes.js';

export interface FakeServer {
  readonly id: number;
  containerId: string;
  definition: string;
  up: boolean;
  member: 'none' | 'spare' | 'voter';
  /** Bytes that it has yet to flush. */
  lag: number;
  hasData: boolean;
  configured: boolean;
}

export class FakeGroup {
  readonly servers: FakeServer[];
  leader = 1;
  failoverEnabled = true;
  /** What pgraft_add_node makes of a server: a spare where its caller did not wait for the end. */
  addedAs: 'voter' | 'spare' = 'voter';
  limits: Record<string, number> = { max_connections: 100, max_worker_processes: 8 };
  /** What was done, in order: "remove 4", "transfer 1 -> 2", "add 4", "failover false", "replica1 lower". */
  readonly done: string[] = [];
  /** The next call of that name fails with this. */
  readonly broken: Partial<Record<'remove' | 'add' | 'transfer', string>> = {};
  readonly clock = fakeClock();

  constructor(count: number, newcomers = 0) {
    this.servers = Array.from({ length: count + newcomers }, (_, index) => ({
      id: index + 1,
      containerId: `id-${index + 1}`,
      definition: 'old',
      up: true,
      member: index < count ? 'voter' : 'none',
      lag: 0,
      hasData: index < count,
      configured: index < count,
    }));
  }

  server(id: number): FakeServer {
    const server = this.servers.find((one) => one.id === id);
    if (server === undefined) throw new Error(`there is no server ${id}`);
    return server;
  }

  get live(): Live {
    return {
      prefix: 'pgraft',
      provider: 'registry',
      docker: {
        objects: () => {
          const containers = this.servers.map((server) => this.#container(server));
          return Promise.resolve({ containers, volumes: [], networks: ['pgraft-network'] });
        },
        exec: (name, [, command = '']) => {
          const server = this.servers.find((one) => container(one.id).container === name);
          if (server === undefined) return Promise.resolve(failed(`no container ${name}`));
          if (command === 'state') return Promise.resolve(ok(stateLines(this.#state(server))));
          this.done.push(`${container(server.id).name} ${command}`);
          if (command === 'configure') Object.assign(server, { configured: true, hasData: true });
          return Promise.resolve(ok());
        },
        start: () => Promise.resolve(),
        stop: () => Promise.resolve(),
      },
      sql: {
        query: ({ port }, text, { values = [] }) =>
          Promise.resolve().then(() => this.#answer(port - 5431, text, values)),
        close: () => undefined,
      },
      secrets: undefined,
      clock: this.clock,
      close: () => undefined,
    };
  }

  #container({ id, containerId, definition, up }: FakeServer): Container {
    return container(id, { id: containerId, definition, status: up ? 'running' : 'exited' });
  }

  #state({ hasData, configured, member }: FakeServer) {
    const whole = { data: 'present', incarnation: 'match', phase: 'running' } as const;
    return state({
      ...(hasData ? whole : {}),
      configured: configured ? 'yes' : 'no',
      formation: member === 'none' ? 'none' : 'consumed',
    });
  }

  #answer(id: number, text: string, values: readonly unknown[]): SqlRow[] {
    const server = this.servers.find((one) => one.id === id);
    if (server?.up !== true || !server.hasData) throw new Error('connect ECONNREFUSED');
    const leads = this.leader === id && this.#quorum();
    if (text.includes('pgraft_transfer_leadership')) return this.#transfer(Number(values[0] ?? 0));
    if (text.includes('pgraft_remove_node')) return this.#remove(Number(values[0]));
    if (text.includes('pgraft_add_node')) return this.#add(Number(values[0]));
    if (text.includes('pgraft_set_config')) return this.#setFailover(String(values[0]));
    if (text.includes('from pg_settings')) {
      const defaults: Record<string, number> = { max_connections: 100, max_worker_processes: 8 };
      return Object.entries(this.limits).map(([name, value]) => ({
        name,
        setting: String(value),
        boot_val: String(defaults[name]),
      }));
    }
    if (text.includes('from pg_stat_activity')) return [];
    if (text.includes('as confirming'))
      return [{ writable: leads, synchronous_names: 'ANY 1 (a, b)', confirming: '1' }];
    if (text.includes('from pg_stat_replication')) return this.#streams();
    if (text.includes('pgraft_get_nodes()')) return this.#members();
    if (text.includes('pgraft_get_cluster_status()')) return [this.#status(server, leads)];
    const lsn = { written_lsn: '0/3000148', replayed_lsn: '0/3000148' };
    return [{ in_recovery: !leads, timeline: 2, system_identifier: '73', ...lsn }];
  }

  #quorum(): boolean {
    const voters = this.servers.filter(({ member }) => member === 'voter');
    return voters.filter(({ up }) => up).length > voters.length / 2;
  }

  #transfer(to: number): SqlRow[] {
    this.#break('transfer');
    const best = this.servers.find(({ id, member, up }) => id !== this.leader && member === 'voter' && up)?.id ?? 0;
    const heir = to === 0 ? best : to;
    this.done.push(`transfer ${this.leader} -> ${heir}`);
    this.leader = heir;
    return [{ pgraft_transfer_leadership: true }];
  }

  #remove(id: number): SqlRow[] {
    this.#break('remove');
    this.done.push(`remove ${id}`);
    this.server(id).member = 'none';
    return [];
  }

  #add(id: number): SqlRow[] {
    this.#break('add');
    this.done.push(`add ${id}`);
    this.server(id).member = this.addedAs;
    return [];
  }

  #setFailover(value: string): SqlRow[] {
    this.done.push(`failover ${value}`);
    this.failoverEnabled = value === 'true';
    return [];
  }

  #break(what: keyof FakeGroup['broken']): void {
    const problem = this.broken[what];
    if (problem === undefined) return;
    throw Object.assign(new Error(problem), { code: '55000', severity: 'ERROR' });
  }

  #streams(): SqlRow[] {
    return this.servers
      .filter(({ id, up, member, hasData }) => id !== this.leader && up && hasData && member !== 'none')
      .map(({ id, lag }) => ({
        application_name: `${container(id).name}_0a1b`,
        state: 'streaming',
        sync_state: 'quorum',
        flush_lag: String(lag),
        replay_lag: String(lag),
      }));
  }

  #members(): SqlRow[] {
    return this.servers
      .filter(({ member }) => member !== 'none')
      .map(({ id, member }) => ({
        node_id: id,
        name: container(id).name,
        state: id === this.leader ? 'leader' : 'follower',
        voter: member === 'voter',
      }));
  }

  #status({ member }: FakeServer, leads: boolean): SqlRow {
    if (member === 'none') return { state: 'unavailable' };
    return {
      state: leads ? 'leader' : 'follower',
      role: leads ? 'primary' : 'standby',
      current_term: '1',
      leader_id: this.#quorum() ? String(this.leader) : '0',
      commit_index: '5',
      writable: leads,
      synchronous_in_force: leads,
      quorum_met: this.#quorum(),
      failover_enabled: this.failoverEnabled,
    };
  }
}

/** What hooks are told of `nodes` servers, each declared as `definition`. */
export function declared(nodes: number, changes: Partial<HookCluster> = {}, definition = 'old'): HookCluster {
  const props = { nodes, prefix: 'pgraft', postgresPort: 5432, raftPort: 7001, bindAddress: '127.0.0.1' };
  const topology = clusterTopology(props);
  const definitions = Object.fromEntries(topology.nodes.map(({ id }) => [String(id), definition]));
  return { ...topology, definitions, reloadable: '', limits: {}, shrinkBelowMajority: false, ...changes };
}

export type FakeTurns = Turns & { current: Turn | undefined; readonly log: string[] };

/** Turns in memory; `current` may be set to another's. */
export function fakeTurns(): FakeTurns {
  const log: string[] = [];
  return {
    current: undefined,
    log,
    take(turn, limit) {
      if (this.current !== undefined) return this.current;
      log.push(`take ${turn.node}`);
      this.current = { pid: 1, started: '1', until: Date.now() + limit, ...turn };
      return undefined;
    },
    holder() {
      return this.current;
    },
    note(node, changes) {
      if (this.current?.node === node) this.current = { ...this.current, ...changes };
    },
    pass(node) {
      if (this.current?.node !== node) return;
      log.push(`pass ${node}`);
      this.current = undefined;
    },
  };
}

export function fakePause(noted = false): PauseNote {
  let there = noted;
  return {
    exists: () => there,
    write: () => {
      there = true;
    },
    remove: () => {
      there = false;
    },
  };
}
