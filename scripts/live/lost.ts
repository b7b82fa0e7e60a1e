/** Servers that have lost what made them members, and what that leaves of the group (safety.md R4). Pure. */
import { majority } from '../../constructs/quorum.js';
import type { NodeState } from './node-state.js';
import type { ClusterView, NodeView } from './view.js';

/** Without data, and not because the cluster is just being made. */
export function hasLostState({ lost, data, raft, formation }: NodeState): boolean {
  return lost === 'yes' || (data === 'none' && raft === 'none' && formation !== 'token');
}

/** By the word of its entry point, which is asked when PostgreSQL or Raft does not answer. */
export function isLost({ entryPoint, raft }: NodeView): boolean {
  return !raft.available && entryPoint?.asked === true && hasLostState(entryPoint.state);
}

/**
 * That no majority can come back by itself, and what to do; undefined while one can.
 *
 * A server that is down counts as whole: nobody knows better before it is started.
 */
export function hopelessSentence(view: ClusterView, voters: readonly number[]): string | undefined {
  const gone = view.nodes.filter((node) => voters.includes(node.id) && isLost(node));
  if (gone.length === 0 || !hasFormed(view) || voters.length - gone.length >= majority(voters.length)) return undefined;
  const names = gone.map(({ container }) => container).join(', ');
  return (
    `no majority of ${voters.length} can come back: the Raft state of ${names} is lost. Nothing happens by itself; ` +
    'npm run recover tells from which server the cluster can go on'
  );
}

/** A cluster that is just being made has lost nothing. */
function hasFormed({ nodes }: ClusterView): boolean {
  return nodes.some(
    ({ raft, entryPoint }) =>
      raft.available || (entryPoint?.asked === true && entryPoint.state.formation === 'consumed'),
  );
}
