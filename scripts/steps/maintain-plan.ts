/** Whether a server may be taken out of service for a while, or why not now. Pure. */
import { majority } from '../../constructs/quorum.js';
import { UserError } from '../kit/errors.js';
import { failoverSentence } from '../live/failover.js';
import { problemOf, problemsOf, votersOf } from '../live/health.js';
import { primaryOf, type ClusterView, type NodeView } from '../live/view.js';

/**
 * @throws UserError when writes would not go on while `node` is away, or anything else is wrong with the cluster
 */
export function expectSpared(view: ClusterView, node: NodeView): void {
  const reason = whyNeeded(view, node);
  if (reason !== undefined) throw new UserError(`${node.container} cannot go out of service now: ${reason}`);
}

/** Why `node` cannot be spared; undefined when it can. */
export function whyNeeded(view: ClusterView, node: NodeView): string | undefined {
  const voters = votersOf(view);
  const unchanged = 'it was not touched';
  if (voters.length === 1 && voters[0] === node.id) {
    return `it is the only server that votes; have three (PGRAFT_NODES=3 npm start) to maintain one while writes go on; ${unchanged}`;
  }
  if (primaryOf(view) === undefined) {
    return `no server accepts writes: ${failoverSentence(view).replace(/^no: /, '')}; ${unchanged}`;
  }
  const others = voters.filter((id) => id !== node.id);
  const healthy = others.filter((id) => problemOf(view, id) === undefined);
  const troubles = problemsOf(view).join('; ');
  const needed = majority(voters.length);
  if (healthy.length === 0)
    return `it is the last healthy server: ${troubles}; bring the others back first; ${unchanged}`;
  if (healthy.length < needed) return `${tooFew(healthy.length, voters.length, needed, troubles)}; ${unchanged}`;
  if (troubles === '') return undefined;
  return `the cluster is not healthy: ${troubles}; mend that first (npm run status, npm run logs tell more); ${unchanged}`;
}

function tooFew(left: number, voters: number, needed: number, troubles: string): string {
  const quorum = `without it ${left} of ${voters} voters would be left, and ${needed} must be, so writes would stop`;
  if (troubles === '')
    return `${quorum}; have three servers (PGRAFT_NODES=3 npm start) to maintain one while writes go on`;
  return `${quorum}: ${troubles}; bring the others back first`;
}
