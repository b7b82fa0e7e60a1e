/** Docker and SQL, read in parallel with short deadlines, into one ClusterView. */
import { containerName, maximumNodes, networkName, nodeName, volumeName } from '../../constructs/topology.js';
import { UserError } from '../kit/errors.js';
import type { ClusterObjects, Container, Docker } from './docker.js';
import { askState } from './node-state.js';
import { readNode, type SqlAnswer } from './read-node.js';
import type { Sql } from './sql.js';
import type { ClusterView, DockerView, MemberView, NodeView } from './view.js';

export interface Sources {
  readonly prefix: string;
  readonly provider: ClusterView['provider'];
  readonly docker: Docker;
  /** Undefined when the superuser's password is not known: then nothing is asked over SQL. */
  readonly sql: Sql | undefined;
  /** Milliseconds for each question to a server. @default 900 */
  readonly deadline?: number;
}

export interface Reading {
  /** What Docker said before, to be taken as still true. @default - ask again */
  readonly objects?: ClusterObjects;
  /** Ask the entry point of a server whose PostgreSQL does not answer. @default true */
  readonly askEntryPoint?: boolean;
}

const unasked = (problem: string): SqlAnswer => ({
  postgres: { accepting: false, problem },
  raft: { available: false, problem },
  members: [],
});

/**
 * Read the cluster as it is now. Servers that do not answer are part of the view; only Docker itself not answering is an
 * error.
 *
 * @returns undefined when nothing in Docker carries the cluster's label
 * @throws UserError when the Docker engine does not answer
 */
export async function readCluster(sources: Sources, reading: Reading = {}): Promise<ClusterView | undefined> {
  const { prefix, provider, docker } = sources;
  const objects = reading.objects ?? (await docker.objects(prefix));
  const { containers } = objects;
  const withoutContainer = lostNodes(prefix, objects);
  if (containers.length + withoutContainer.length === 0) return undefined;
  const read = await Promise.all(
    containers.map(async (container) => readServer(sources, container, reading.askEntryPoint ?? true)),
  );
  const members = membersOf(read);
  const known = new Set([...containers.map(({ node }) => node), ...withoutContainer]);
  const alsoMissing = members.map(({ id }) => id).filter((id) => !known.has(id));
  const missing = [...withoutContainer, ...alsoMissing].map((id) => missingNode(prefix, id));
  const nodes = [...read.map(({ node }) => node), ...missing].sort((a, b) => a.id - b.id);
  return { prefix, provider, takenAt: new Date().toISOString(), nodes, members };
}

/** As readCluster. @throws UserError also when there is no cluster */
export async function readExistingCluster(sources: Sources, reading: Reading = {}): Promise<ClusterView> {
  const view = await readCluster(sources, reading);
  if (view === undefined) throw new UserError(`there is no cluster ${sources.prefix}; npm start makes one`);
  return view;
}

async function readServer(
  { prefix, docker, sql, deadline = 900 }: Sources,
  container: Container,
  askEntryPoint: boolean,
): Promise<{ node: NodeView; members: readonly MemberView[] }> {
  const { postgres: endpoint, node: id, name, container: full } = container;
  const running = container.status === 'running';
  const answer = await askSql();
  const silent = running && (!answer.postgres.accepting || !answer.raft.available) && askEntryPoint;
  const entryPoint = silent ? await askState(docker, full, deadline) : undefined;
  const { postgres, raft, members } = answer;
  const docked = dockerView(prefix, container);
  return { node: { id, name, container: full, docker: docked, entryPoint, endpoint, postgres, raft }, members };

  async function askSql(): Promise<SqlAnswer> {
    if (!running) return unasked(`the container is ${container.status}`);
    if (endpoint === undefined) return unasked('its port is not published');
    if (sql === undefined) return unasked('the password is not known: the secrets are missing');
    return readNode(sql, endpoint, deadline);
  }
}

function dockerView(prefix: string, { status, health, since, networks }: Container): DockerView {
  return { status, health, since, onNetwork: networks.includes(networkName(prefix)) };
}

/** Nodes of which only the volume is left. */
function lostNodes(prefix: string, { containers, volumes }: ClusterObjects): number[] {
  const ids = Array.from({ length: maximumNodes }, (_, index) => index + 1);
  return ids.filter((id) => volumes.includes(volumeName(prefix, id)) && !containers.some(({ node }) => node === id));
}

function missingNode(prefix: string, id: number): NodeView {
  const { postgres, raft } = unasked('the container is missing');
  return {
    id,
    name: nodeName(id),
    container: containerName(prefix, id),
    docker: { status: 'missing', health: undefined, since: undefined, onNetwork: false },
    entryPoint: undefined,
    endpoint: undefined,
    postgres,
    raft,
  };
}

/** The leader's list of members, since it is the newest; else that of whoever has applied most. */
function membersOf(read: readonly { node: NodeView; members: readonly MemberView[] }[]): readonly MemberView[] {
  const telling = read.filter(({ members }) => members.length > 0);
  const applied = ({ node: { raft } }: { node: NodeView }) =>
    raft.available ? raft.commitIndex + (raft.state === 'leader' ? Number.MAX_SAFE_INTEGER / 2 : 0) : -1;
  return telling.sort((a, b) => applied(b) - applied(a))[0]?.members ?? [];
}
