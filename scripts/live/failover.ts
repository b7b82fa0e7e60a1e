/**
 * "Failover safe now?": if the primary died at this moment, would another server take over, with every acknowledged write, and accept
 * writes again? Pure.
 */
import { majority, synchronousCount } from '../../constructs/quorum.js';
import { problemOf, quorumOf, votersOf } from './health.js';
import { synchronousSetOf } from './synchronous-set.js';
import { findNode, leaderOf, newestTerm, primaryOf, streamOf, type ClusterView, type NodeView } from './view.js';

export interface FailoverSafety {
  readonly safe: boolean;
  /** Why not, and what to do, the gravest first; empty when it is safe. */
  readonly reasons: readonly string[];
}

export function failoverSafety(view: ClusterView): FailoverSafety {
  const primary = primaryOf(view);
  const reasons = primary === undefined ? [whyNoPrimary(view)] : reasonsAgainst(view, primary);
  return { safe: reasons.length === 0, reasons };
}

/** `yes`, or `no: <why, and what to do>`. */
export function failoverSentence(view: ClusterView): string {
  const { reasons } = failoverSafety(view);
  return reasons[0] === undefined ? 'yes' : `no: ${reasons[0]}`;
}

function whyNoPrimary(view: ClusterView): string {
  const { up, voters, needed } = quorumOf(view);
  if (up < needed) {
    const silent = others(view).filter(({ raft }) => !raft.available);
    return `${count(up, voters)} and ${needed} must, so writes wait; ${told(view, silent)}`;
  }
  const leader = leaderOf(view);
  const patience = 'it takes seconds as a rule; if it lasts, npm run logs tells why';
  if (leader === undefined) return `no server leads in term ${newestTerm(view)}: an election is under way; ${patience}`;
  const problem = leader.raft.available ? leader.raft.message : undefined;
  const why = problem === undefined ? '' : ` (${problem})`;
  return `${leader.container} leads and accepts no writes yet${why}: a failover is under way; ${patience}`;
}

function reasonsAgainst(view: ClusterView, primary: NodeView): string[] {
  const reasons = [
    sizeReason(view),
    readinessReason(view, primary),
    pauseReason(primary),
    settingReason(view, primary),
    confirmationReason(view, primary),
  ];
  return reasons.filter((reason) => reason !== undefined);
}

function sizeReason(view: ClusterView): string | undefined {
  const remedy = 'a cluster of three (PGRAFT_NODES=3) survives the loss of one';
  const voters = votersOf(view).length;
  if (voters === 1) return `there is one server, and nobody to take over from it; ${remedy}`;
  if (voters === 2) return `there are two servers, and both are needed: the loss of either stops writes; ${remedy}`;
  return undefined;
}

/** Enough of the others must be there to elect one of them, and to confirm its commits. */
function readinessReason(view: ClusterView, primary: NodeView): string | undefined {
  const voters = votersOf(view).length;
  const standbys = others(view, primary);
  const ready = standbys.filter(isReady);
  const needed = majority(voters);
  // where even all the others are too few, the size is the reason
  if (ready.length >= needed || voters - 1 < needed) return undefined;
  const missing = told(
    view,
    standbys.filter((node) => !isReady(node)),
  );
  return `without ${primary.container} ${ready.length} of ${voters} voters would be ready, and ${needed} must be; ${missing}`;
}

/** Votes, and may be promoted or confirm; a server with a message is kept from its role. */
function isReady({ raft }: NodeView): boolean {
  return raft.available && raft.message === undefined && raft.role !== 'rejoining';
}

function pauseReason({ raft }: NodeView): string | undefined {
  if (!raft.available || raft.failoverEnabled) return undefined;
  return 'failover is paused (failover_enabled is false): only the last primary is promoted; set it to true again';
}

function settingReason(view: ClusterView, { container, raft }: NodeView): string | undefined {
  if (raft.available && raft.message !== undefined) return `${container}: ${raft.message}`;
  if (synchronousSetOf(view)?.inForce === true) return undefined;
  return `${container}: the synchronous setting is not in force yet; that takes a moment as a rule, npm run logs tells more`;
}

/** What is acknowledged is on a majority only while enough standbys confirm. */
function confirmationReason(view: ClusterView, primary: NodeView): string | undefined {
  const needed = synchronousCount(votersOf(view).length);
  const standbys = others(view, primary);
  const confirming = standbys.filter((node) => confirms(primary, node));
  if (confirming.length >= needed) return undefined;
  const missing = told(
    view,
    standbys.filter((node) => !confirms(primary, node)),
  );
  return `${confirming.length} of ${needed} standbys that must confirm each commit stream, so commits wait; ${missing}`;
}

function confirms(primary: NodeView, node: NodeView): boolean {
  const stream = streamOf(primary, node);
  if (stream === undefined || stream.incomplete === true || stream.state !== 'streaming') return false;
  return stream.syncState === 'quorum' || stream.syncState === 'sync';
}

function others(view: ClusterView, than?: NodeView): NodeView[] {
  return votersOf(view)
    .filter((id) => id !== than?.id)
    .flatMap((id) => findNode(view, id) ?? []);
}

function told(view: ClusterView, nodes: readonly NodeView[]): string {
  const logs = (name: string) => `npm run logs -- ${name} tells more`;
  return nodes.map(({ id, container, name }) => problemOf(view, id) ?? `${container}: ${logs(name)}`).join('; ');
}

function count(up: number, voters: number): string {
  return `${up} of ${voters} ${voters === 1 ? 'voter' : 'voters'} ${up === 1 ? 'answers' : 'answer'}`;
}
