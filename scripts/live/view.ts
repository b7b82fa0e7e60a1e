/** ClusterView: everything that was seen of a running cluster at one moment. Plain values. */
import type { NodeAnswer } from './node-state.js';
import type { Endpoint } from './docker.js';

export interface ClusterView {
  readonly prefix: string;
  /** When it was read (ISO 8601). */
  readonly takenAt: string;
  /** Where Terraform's Docker provider comes from. */
  readonly provider: 'registry' | 'embedded';
  /** Every server that Docker or the Raft group knows, by id. */
  readonly nodes: readonly NodeView[];
  /** The members that the Raft group has, as the leader (else any member) tells; empty when nobody tells. */
  readonly members: readonly MemberView[];
  /** Settings that differ between servers and need not; undefined when nobody asked for them. */
  readonly differences?: readonly SettingDifference[];
}

/** A setting of PostgreSQL that not all servers have with the same value. */
export interface SettingDifference {
  readonly name: string;
  /** By id of the node, its unit behind it; undefined where the server does not know the setting. */
  readonly values: readonly { readonly id: number; readonly value: string | undefined }[];
}

export interface NodeView {
  readonly id: number;
  /** primary, replica1, ... */
  readonly name: string;
  readonly container: string;
  readonly docker: DockerView;
  /** The entry point's own word; read only when PostgreSQL or its Raft did not answer. */
  readonly entryPoint: NodeAnswer | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly postgres: PostgresView;
  readonly raft: RaftView;
}

export interface DockerView {
  /** Docker's word, or `missing` when there is no such container. */
  readonly status: string;
  readonly health: string | undefined;
  /** When it came into this status (ISO 8601). */
  readonly since: string | undefined;
  /** Connected to the cluster's network. */
  readonly onNetwork: boolean;
}

export type PostgresView =
  | { readonly accepting: false; readonly problem: string }
  | {
      readonly accepting: true;
      readonly inRecovery: boolean;
      readonly timeline: number;
      /** End of WAL written (primary) or received (standby). */
      readonly writtenLsn: string;
      /** End of WAL applied; on the primary the same as written. */
      readonly replayedLsn: string;
      readonly systemIdentifier: string;
      /** The setting synchronous_standby_names as the server has it. */
      readonly synchronousNames: string;
      /** How often a page was read whose checksum was wrong, since the server's statistics began. @default 0 */
      readonly checksumFailures?: number | undefined;
      /** On the primary: who streams from it. */
      readonly streams: readonly StreamView[];
    };

/** A row of pg_stat_replication. */
export interface StreamView {
  /** Name of the node, from application_name. */
  readonly name: string;
  /** Its new data is being completed, so it confirms nothing yet (R3). @default false */
  readonly incomplete?: boolean;
  readonly state: string;
  readonly syncState: string;
  /** Bytes of WAL that the standby has yet to flush, and to replay. */
  readonly flushLagBytes: number;
  readonly replayLagBytes: number;
}

export type RaftView =
  | { readonly available: false; readonly problem: string }
  | {
      readonly available: true;
      /** leader, follower, candidate or unavailable. */
      readonly state: string;
      readonly term: number;
      /** 0 when it knows none. */
      readonly leaderId: number;
      /** primary, standby, promoting, rejoining or waiting. */
      readonly role: string;
      /** Commits are accepted on this server. */
      readonly writable: boolean;
      /** The committed membership's synchronous_standby_names is in force. */
      readonly synchronousInForce: boolean;
      readonly quorumMet: boolean;
      readonly commitIndex: number;
      readonly failoverEnabled: boolean;
      /** The newest recorded promotion that it knows; undefined when it knows none. */
      readonly promotion?: Promotion | undefined;
      /** What keeps the server from its role, in the extension's words; undefined when nothing does. */
      readonly message?: string | undefined;
    };

/** Who became the primary, and with which timeline. */
export interface Promotion {
  readonly term: number;
  readonly nodeId: number;
  readonly timeline: number;
}

/** A row of pgraft_get_nodes(). */
export interface MemberView {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly voter: boolean;
  /** Milliseconds since the teller heard of it; undefined when it never did. */
  readonly lastHeartbeatMs?: number | undefined;
}

export function findNode(view: ClusterView, id: number): NodeView | undefined {
  return view.nodes.find((node) => node.id === id);
}

/** The Raft leader: the one server that says so of itself in the newest term. */
export function leaderOf(view: ClusterView): NodeView | undefined {
  return view.nodes
    .filter((node) => node.raft.available && node.raft.state === 'leader')
    .sort((a, b) => termOf(b) - termOf(a))[0];
}

/** The server that accepts writes; where an old one has not heard of its end yet, that of the newest term. */
export function primaryOf(view: ClusterView): NodeView | undefined {
  return view.nodes
    .filter(({ postgres, raft }) => postgres.accepting && !postgres.inRecovery && raft.available && raft.writable)
    .sort((a, b) => termOf(b) - termOf(a))[0];
}

/** The newest term that any server knows; 0 when none answers. */
export function newestTerm(view: ClusterView): number {
  return Math.max(0, ...view.nodes.map(termOf));
}

/** The stream from `primary` to `node`. */
export function streamOf(primary: NodeView, node: NodeView): StreamView | undefined {
  if (!primary.postgres.accepting) return undefined;
  return primary.postgres.streams.find((stream) => stream.name === node.name);
}

function termOf({ raft }: NodeView): number {
  return raft.available ? raft.term : 0;
}
