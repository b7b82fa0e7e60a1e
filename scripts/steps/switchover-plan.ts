/** Who hands leadership to whom, or why nobody may now. Pure. */
import { majority } from '../../constructs/quorum.js';
import { UserError } from '../kit/errors.js';
import { failoverSentence } from '../live/failover.js';
import { problemOf, quorumOf, votersOf } from '../live/health.js';
import { sizeText } from '../live/size-text.js';
import { primaryOf, streamOf, type ClusterView, type NodeView } from '../live/view.js';

/** What a standby may lack (bytes) when leadership is handed to it: PGRAFT_MOST_TRANSFER_LAG of the extension. */
const mostLag = 16 * 1024 * 1024;

export interface SwitchoverPlan {
  readonly from: NodeView;
  /** Undefined: whichever suits the servers best. */
  readonly to: NodeView | undefined;
  /** Every server but `from`. */
  readonly others: readonly NodeView[];
}

/**
 * @param to the server that is to lead
 * @throws UserError with what stands in the way, and what to do
 */
export function planSwitchover(view: ClusterView, to?: NodeView): SwitchoverPlan {
  const unchanged = 'nothing was changed';
  if (votersOf(view).length === 1) {
    throw new UserError(
      `there is one server, and nobody to hand over to: a switchover needs two or more (PGRAFT_NODES=3 npm start); ${unchanged}`,
    );
  }
  const from = primaryOf(view);
  if (from === undefined) throw new UserError(`${whyNobodyLeads(view)}; ${unchanged}`);
  const obstacle = pauseObstacle(from) ?? (to === undefined ? nobody(view, from) : obstacleOf(view, from, to));
  const reason = obstacle ?? majorityObstacle(view, from);
  if (reason !== undefined) throw new UserError(`${reason}; ${unchanged}`);
  return { from, to, others: serversBut(view, from) };
}

function serversBut({ nodes }: ClusterView, { id }: NodeView): NodeView[] {
  return nodes.filter((node) => node.id !== id);
}

function whyNobodyLeads(view: ClusterView): string {
  const { up, needed } = quorumOf(view);
  const said = failoverSentence(view).replace(/^no: /, '');
  return up < needed ? `no majority: ${said}` : `no server accepts writes, and so none can hand over: ${said}`;
}

function pauseObstacle({ raft }: NodeView): string | undefined {
  if (!raft.available || raft.failoverEnabled) return undefined;
  return (
    'failover is paused (failover_enabled is false): enable it first (npm run psql -- -- -c ' +
    `"select pgraft_set_config('failover_enabled', 'true')"), or hand over by SQL (pgraft_transfer_leadership), which a pause allows`
  );
}

/** Why `node` cannot take over from `from`; undefined when it can. */
function obstacleOf(view: ClusterView, from: NodeView, node: NodeView): string | undefined {
  if (node.id === from.id) {
    const others = serversBut(view, from).map(({ name }) => name);
    return `${node.container} is the primary already; choose one of ${others.join(', ')}`;
  }
  const problem = problemOf(view, node.id);
  if (problem !== undefined) return `${problem}; so it cannot take over: ${otherChoice(view, from)}`;
  const lag = streamOf(from, node)?.flushLagBytes ?? 0;
  if (lag <= mostLag) return undefined;
  return (
    `${node.container} lags ${sizeText(lag)} behind ${from.container}, more than ${sizeText(mostLag)}, and cannot take over: ` +
    `wait until it has caught up (npm run status -- --watch), or ${otherChoice(view, from)}`
  );
}

function otherChoice(view: ClusterView, from: NodeView): string {
  const ready = serversBut(view, from).filter((node) => canTakeOver(view, from, node));
  return ready.length === 0 ? 'no other server can, either' : `choose ${ready.map(({ name }) => name).join(' or ')}`;
}

function canTakeOver(view: ClusterView, from: NodeView, node: NodeView): boolean {
  return problemOf(view, node.id) === undefined && (streamOf(from, node)?.flushLagBytes ?? 0) <= mostLag;
}

/** When nobody at all can take over: why, server by server. */
function nobody(view: ClusterView, from: NodeView): string | undefined {
  const others = serversBut(view, from);
  if (others.some((node) => canTakeOver(view, from, node))) return undefined;
  const reasons = others.map(
    (node) =>
      problemOf(view, node.id) ?? `${node.container} lags ${sizeText(streamOf(from, node)?.flushLagBytes ?? 0)} behind`,
  );
  return `no standby can take over from ${from.container}: ${reasons.join('; ')}`;
}

/** The old primary stops for a moment: where the others are no majority without it, they would wait for it. */
function majorityObstacle(view: ClusterView, from: NodeView): string | undefined {
  const voters = votersOf(view);
  const others = voters.filter((id) => id !== from.id);
  const down = others.filter((id) => view.nodes.find((node) => node.id === id)?.raft.available !== true);
  const needed = majority(voters.length);
  // of two servers each needs the other in any case
  if (voters.length === 2 || others.length - down.length >= needed) return undefined;
  const problems = down.map((id) => problemOf(view, id) ?? `node ${id} does not answer`);
  return (
    `without ${from.container} ${others.length - down.length} of ${voters.length} voters would answer, and ${needed} must: ` +
    problems.join('; ')
  );
}
