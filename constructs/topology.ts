/**
 * From settings to servers: every name, port and address of a cluster, computed in one place.
 *
 * Names are a contract with users and with the state on disk: node i keeps its names whatever N is.
 */

/** The most servers a cluster can have; also the number of hook slots that are always declared. */
export const maximumNodes = 9;

/** PostgreSQL's port inside every container. */
export const postgresPortInside = 5432;

/** Docker label of everything that belongs to a cluster; its value is the prefix. */
export const clusterLabel = 'pgraft.cluster';

/** Docker label of a node's container; its value is the node's id. */
export const nodeLabel = 'pgraft.node';

/** Docker label of a node's container; its value is the hash of the container's definition. */
export const definitionLabel = 'pgraft.definition';

/** What the topology is computed from; `ClusterSettings` has these fields. */
export interface TopologyProps {
  /** Number of servers, 1 to 9. */
  readonly nodes: number;
  /** Prefix of every Docker name. */
  readonly prefix: string;
  /** PostgreSQL's port of node 1 on the host. */
  readonly postgresPort: number;
  /** Raft's port of node 1, inside and on the host. */
  readonly raftPort: number;
  /** Host address that ports are published on. */
  readonly bindAddress: string;
}

/** One server. */
export interface NodeSpec {
  /** 1 to 9; the Raft id. */
  readonly id: number;
  /** `primary` for node 1, else `replica{id-1}`; the name says nothing about the role. */
  readonly name: string;
  readonly container: string;
  readonly volume: string;
  readonly hostname: string;
  /** PostgreSQL on the host. */
  readonly postgresPort: number;
  /** Raft inside the network and on the host. */
  readonly raftPort: number;
  /** `host:port` at which the other servers find this one's Raft. */
  readonly raftAddress: string;
}

/** A whole cluster as declared. */
export interface ClusterTopology {
  readonly prefix: string;
  readonly network: string;
  /** Network alias that all nodes share, for clients only. */
  readonly alias: string;
  readonly bindAddress: string;
  readonly nodes: readonly NodeSpec[];
}

/** The name of node `id` without prefix. */
export function nodeName(id: number): string {
  return id === 1 ? 'primary' : `replica${id - 1}`;
}

/** Container (and host) name of node `id`, whether or not the node is declared now. */
export function containerName(prefix: string, id: number): string {
  return `${prefix}-${nodeName(id)}`;
}

/** Volume name of node `id`, whether or not the node is declared now. */
export function volumeName(prefix: string, id: number): string {
  return `${containerName(prefix, id)}-data`;
}

/** Name of the network that all nodes are on. */
export function networkName(prefix: string): string {
  return `${prefix}-network`;
}

/** The cluster that `props` describe; `props` are valid settings. */
export function clusterTopology(props: TopologyProps): ClusterTopology {
  return {
    prefix: props.prefix,
    network: networkName(props.prefix),
    alias: props.prefix,
    bindAddress: props.bindAddress,
    nodes: Array.from({ length: props.nodes }, (_, index) => nodeSpec(props, index + 1)),
  };
}

/** Where the cluster's files on this machine are, relative to the project: secrets and Terraform states. */
export function stateDirectory(prefix: string): string {
  return `.pgraft/${prefix}`;
}

/** Which of the servers a client wants. */
export type TargetSession = 'read-write' | 'prefer-standby';

/**
 * A libpq URL over all nodes as declared, without password, of role and database `app`: libpq tries each host in turn and
 * takes the one that fits `targetSession`.
 */
export function connectionUrl({ bindAddress, nodes }: ClusterTopology, targetSession: TargetSession): string {
  const host = clientHost(bindAddress);
  const hosts = nodes.map(({ postgresPort }) => `${host}:${postgresPort}`);
  return clientUrl('app', hosts, targetSession);
}

/** Seconds until libpq tries the next host: one that is paused or cut off takes a connection and never says a word. */
const connectTimeout = 2;

/**
 * The form of every URL that clients get.
 *
 * @param user the role, with `:` and the escaped password where it may be shown
 * @param hosts `host:port`, IPv6 addresses in brackets
 */
export function clientUrl(user: string, hosts: readonly string[], targetSession: TargetSession): string {
  return `postgresql://${user}@${hosts.join(',')}/app?target_session_attrs=${targetSession}&connect_timeout=${connectTimeout}`;
}

function nodeSpec(props: TopologyProps, id: number): NodeSpec {
  const container = containerName(props.prefix, id);
  const raftPort = props.raftPort + id - 1;
  return {
    id,
    name: nodeName(id),
    container,
    volume: volumeName(props.prefix, id),
    hostname: container,
    postgresPort: props.postgresPort + id - 1,
    raftPort,
    raftAddress: `${container}:${raftPort}`,
  };
}

/** The address at which this machine reaches what is published on `bindAddress`, as URLs write it. */
export function clientHost(bindAddress: string): string {
  if (bindAddress === '0.0.0.0') return '127.0.0.1';
  if (bindAddress === '::') return '[::1]';
  return bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress;
}
