/** Whether a member may leave now, and who leads in its place. Pure. */
import { majority } from '../../constructs/quorum.js';
import { failoverSentence } from '../live/failover.js';
import { problemOf, votersOf } from '../live/health.js';
import { findNode, primaryOf, streamOf, type ClusterView, type NodeView } from '../live/view.js';

/**
 * Why this deploy must not begin: the volumes that go with its servers are those of a majority. Undefined when they are not, or may go.
 *
 * @param declared ids of the servers that are to stay
 */
export function majorityGuard(
  view: ClusterView,
  declared: readonly number[],
  { shrinkBelowMajority }: { readonly shrinkBelowMajority: boolean },
): string | undefined {
  const voters = votersOf(view);
  const leaving = voters.filter((id) => !declared.includes(id));
  if (shrinkBelowMajority || leaving.length < majority(voters.length)) return undefined;
  const names = leaving.map((id) => findNode(view, id)?.container ?? `node ${id}`).join(', ');
  const most = voters.length - majority(voters.length) + 1;
  return (
    `this deploy would remove ${names} with their volumes, which are ${leaving.length} of ${voters.length} voters: a majority of the ` +
    `data at once; nothing was removed. Go in steps (nodes = ${most} first), or allow it for this deploy with ` +
    'PGRAFT_SHRINK_BELOW_MAJORITY=true; npm run destroy removes the whole cluster'
  );
}

/** Why server `id` cannot leave yet; undefined when the live voters that remain are a majority of the new membership. */
export function whyStay(view: ClusterView, id: number): string | undefined {
  if (primaryOf(view) === undefined) {
    return `no server accepts writes: ${failoverSentence(view).replace(/^no: /, '')}`;
  }
  const voters = votersOf(view);
  if (!voters.includes(id)) return undefined;
  const remaining = voters.filter((other) => other !== id);
  if (remaining.length === 0) return 'it is the only voter; npm run destroy removes the whole cluster';
  const troubles = remaining.flatMap((other) => problemOf(view, other) ?? []);
  const live = remaining.length - troubles.length;
  const needed = majority(remaining.length);
  if (live >= needed) return undefined;
  return `${live} of the ${remaining.length} voters that remain are healthy, and ${needed} must be: ${troubles.join('; ')}`;
}

/** Those of the others without which server `id` cannot leave, and whose containers were stopped. */
export function stoppedFor(view: ClusterView, id: number): NodeView[] {
  if (whyStay(view, id) === undefined) return [];
  const others = votersOf(view).flatMap((other) => (other === id ? [] : (findNode(view, other) ?? [])));
  const isStopped = ({ docker }: NodeView) => ['exited', 'paused', 'dead'].includes(docker.status);
  const stopped = others.filter(isStopped);
  const mayServe = others.length - stopped.length;
  return mayServe < majority(others.length) ? stopped : [];
}

/**
 * The server that leads in place of `id`: of the voters that stay, the healthy one that lacks least.
 *
 * @param declared ids of the servers that are to stay
 */
export function heirOf(view: ClusterView, id: number, declared: readonly number[]): NodeView | undefined {
  const primary = primaryOf(view);
  if (primary === undefined) return undefined;
  const lag = (node: NodeView) => streamOf(primary, node)?.flushLagBytes ?? Number.MAX_SAFE_INTEGER;
  return votersOf(view)
    .filter((other) => other !== id && declared.includes(other) && problemOf(view, other) === undefined)
    .flatMap((other) => findNode(view, other) ?? [])
    .sort((a, b) => lag(a) - lag(b))[0];
}
