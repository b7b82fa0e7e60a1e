/** What is wrong with a cluster, in sentences. Pure. */
import { majority, quorumState } from '../../constructs/quorum.js';
import { networkName } from '../../constructs/topology.js';
import { hopelessSentence, isLost } from './lost.js';
import { sincePhrase } from './since.js';
import { leaderOf, newestTerm, primaryOf, streamOf, type ClusterView, type NodeView } from './view.js';

/** Everything that keeps the cluster from being healthy, the gravest first; empty when it is healthy. */
export function problemsOf(view: ClusterView): string[] {
  return [...clusterProblems(view), ...view.nodes.flatMap((node) => nodeProblems(view, node))];
}

/** As problemsOf, without those of servers that are no members (they come or go), nor of server `except`. */
export function problemsOfMembers(view: ClusterView, except?: number): string[] {
  const members = view.nodes.filter(({ id }) => id !== except && view.members.some((member) => member.id === id));
  return [...clusterProblems(view), ...members.flatMap((node) => nodeProblems(view, node))];
}

/** One sentence: healthy or not, and what that means. */
export function healthSentence(view: ClusterView): string {
  const problems = problemsOf(view);
  const { meaning } = quorumOf(view);
  return problems.length === 0 ? `healthy: ${meaning}` : `not healthy: ${meaning}`;
}

/** The majority among the voters, by which of them answer. Until members are known, every node counts as one. */
export function quorumOf(view: ClusterView) {
  const voters = votersOf(view);
  const down = view.nodes.filter(({ raft }) => !raft.available).map(({ id }) => id);
  return { ...quorumState(voters, down), needed: majority(voters.length) };
}

/** Ids of the voters; until members are known, of every node. */
export function votersOf(view: ClusterView): number[] {
  const told = view.members.filter(({ voter }) => voter).map(({ id }) => id);
  return told.length > 0 ? told : view.nodes.map(({ id }) => id);
}

/** What keeps one server from serving its part: undefined when it does. */
export function problemOf(view: ClusterView, id: number): string | undefined {
  const node = view.nodes.find((candidate) => candidate.id === id);
  return node === undefined ? `node ${id} is not part of the cluster` : nodeProblems(view, node)[0];
}

function clusterProblems(view: ClusterView): string[] {
  const leader = leaderOf(view);
  const primary = primaryOf(view);
  const hopeless = hopelessSentence(view, votersOf(view));
  const problems: string[] = hopeless === undefined ? [] : [hopeless];
  const writers = view.nodes.filter(({ postgres }) => postgres.accepting && !postgres.inRecovery);
  if (writers.length > 1) problems.push(`${names(writers)} are all out of recovery: only the leader should be`);
  if (leader === undefined) problems.push(`no Raft leader in term ${newestTerm(view)}`);
  if (primary === undefined) problems.push(`no server accepts writes${waitingLeader(leader)}`);
  else if (!primary.raft.available || !primary.raft.synchronousInForce) {
    problems.push(`${primary.container}: the synchronous setting is not in force yet`);
  }
  return problems;
}

function waitingLeader(leader: NodeView | undefined): string {
  return leader?.raft.available === true
    ? `: ${leader.container} leads and its role is ${leader.raft.role} so far`
    : '';
}

function nodeProblems(view: ClusterView, node: NodeView): string[] {
  const problem =
    processProblem(view, node) ??
    membershipProblem(view, node) ??
    roleProblem(node) ??
    pagesProblem(view, node) ??
    streamProblem(view, node);
  return problem === undefined ? [] : [`${node.container}: ${problem}`];
}

function processProblem(view: ClusterView, node: NodeView): string | undefined {
  const { container, docker, postgres, raft, entryPoint } = node;
  const since = sincePhrase(view, node);
  if (docker.status === 'paused') return `the container is paused${since}; docker unpause ${container} brings it back`;
  if (docker.status !== 'running') return `the container is ${docker.status}${since}${wayBack(node)}`;
  if (!docker.onNetwork) {
    const command = `docker network connect ${networkName(view.prefix)} ${container}`;
    return `cut off from the cluster's network${since}; ${command} brings it back`;
  }
  if (!postgres.accepting) {
    if (entryPoint?.asked === true) return `${entryPoint.state.phase}: ${entryPoint.state.message || postgres.problem}`;
    return `PostgreSQL does not answer${since}: ${postgres.problem}`;
  }
  if (!raft.available) return isLost(node) ? lostProblem(view, node) : `Raft does not answer: ${whyNoRaft(node)}`;
  return undefined;
}

/** The entry point knows of a disk that Raft cannot write to. */
function whyNoRaft({ raft, entryPoint }: NodeView): string {
  if (entryPoint?.asked === true && entryPoint.state.message !== '') return entryPoint.state.message;
  return raft.available ? '' : raft.problem;
}

function lostProblem(view: ClusterView, { id, entryPoint }: NodeView): string {
  const why = entryPoint?.asked === true && entryPoint.state.message !== '' ? ` (${entryPoint.state.message})` : '';
  const leader = leaderOf(view);
  if (leader === undefined) return `lost its Raft state${why}; a leader would add it anew, and there is none`;
  if (!view.members.some((member) => member.id === id)) {
    const command = `npm run recover -- ${leader.name}`;
    return `lost its Raft state${why}; ${leader.container} knows it no more, and ${command} (or pgraft_add_node()) adds it`;
  }
  return `lost its Raft state${why}; is being added anew by ${leader.container}`;
}

function wayBack({ container, docker }: NodeView): string {
  if (docker.status === 'exited' || docker.status === 'created') return `; docker start ${container} brings it back`;
  return docker.status === 'missing' ? '; npm start makes it anew' : '';
}

function membershipProblem(view: ClusterView, { id, raft }: NodeView): string | undefined {
  const leader = leaderOf(view);
  if (leader?.raft.available !== true || !raft.available) return undefined;
  // one that was just elected may not know itself as the leader yet
  if ((id !== leader.id && raft.leaderId !== leader.id) || raft.term !== leader.raft.term) {
    return `follows node ${raft.leaderId} in term ${raft.term}, not the leader, node ${leader.id} in term ${leader.raft.term}`;
  }
  const member = view.members.find((candidate) => candidate.id === id);
  if (member === undefined) return 'not a member of the Raft group';
  return member.voter ? undefined : 'a spare: it does not vote';
}

/** The extension's own word for what keeps the server from its role. */
function roleProblem({ raft }: NodeView): string | undefined {
  return raft.available ? raft.message : undefined;
}

/** Whoever reads a damaged page is told so by PostgreSQL; all else is served. */
function pagesProblem(view: ClusterView, { id, container, postgres }: NodeView): string | undefined {
  const failures = postgres.accepting ? (postgres.checksumFailures ?? 0) : 0;
  if (failures === 0) return undefined;
  const before = primaryOf(view)?.id === id ? 'npm run switchover, and then ' : '';
  const command = `docker exec ${container} pgraft-node copy-anew`;
  const times = failures === 1 ? 'once' : `${failures} times`;
  return `pages of its data are damaged (a wrong checksum was read ${times}): ${before}${command} gets a new copy from the primary`;
}

function streamProblem(view: ClusterView, node: NodeView): string | undefined {
  const primary = primaryOf(view);
  if (primary === undefined || primary.id === node.id) return undefined;
  const stream = streamOf(primary, node);
  if (stream === undefined) return `does not stream from ${primary.container}`;
  if (stream.incomplete === true) return 'its new data is being completed: it confirms no commit until then';
  if (stream.state !== 'streaming') return `its stream from ${primary.container} is in state ${stream.state}`;
  if (stream.syncState !== 'quorum' && stream.syncState !== 'sync') {
    return `streams, but is not named in the synchronous setting (sync_state ${stream.syncState})`;
  }
  return undefined;
}

function names(nodes: readonly NodeView[]): string {
  return nodes.map(({ container }) => container).join(' and ');
}
