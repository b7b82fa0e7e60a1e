/** The verdict in a sentence. Pure. */
import { majority } from '../../constructs/quorum.js';
import type { ClusterChanges, NodeAction } from './changes.js';
import type { DataReview } from './data.js';
import type { Procedure } from './procedure.js';
import type { Level } from './review.js';
import type { Facts, ReviewInput } from './situation.js';
import { containers, count, list } from './words.js';

interface Judged {
  readonly input: ReviewInput;
  readonly facts: Facts;
  readonly data: DataReview;
  readonly procedure: Procedure;
  readonly level: Level;
  /** How the deploy ends, where that is not well. */
  readonly ending: string | undefined;
}

export function headline({ input, facts, data, procedure, level, ending }: Judged): string {
  const { changes, prefix } = input;
  if (level === 'none') return 'nothing changes; a deploy has nothing to do.';
  const end = ending === undefined ? '' : ` ${ending}`;
  if (facts.first) return `${first(prefix, input)}${end}`;
  // what does not come to its end has no such consequence
  if (ending !== undefined) return `${what(changes, facts, data)}; ${dataClause(data, facts)}.${end}`;
  return `${what(changes, facts, data)}; ${dataClause(data, facts)}, and ${writesClause(procedure, facts)}.`;
}

function first(prefix: string, { changes: { declared, deployed }, others }: ReviewInput): string {
  if (deployed.length > 0)
    return `goes on with the first deploy of cluster ${prefix} (${count(declared.length, 'server')}), which did not end.`;
  const beside = others.map((other) => other.prefix);
  const rest =
    beside.length === 0
      ? '; nothing that exists is changed'
      : ` beside ${list(beside)}, which ${beside.length === 1 ? 'stays' : 'stay'} as ${beside.length === 1 ? 'it is' : 'they are'}`;
  return `creates cluster ${prefix} with ${count(declared.length, 'server')}${rest}.`;
}

function what(changes: ClusterChanges, { voters }: Facts, { replaced: emptied }: DataReview): string {
  const { nodes, deployed, declared, reloads, image, unfinished } = changes;
  const of = (action: NodeAction) => nodes.filter((node) => node.action === action);
  const [added, removed, replaced, updated, restored] = (
    ['added', 'removed', 'replaced', 'updated', 'restored'] as const
  ).map(of);
  const parts: string[] = [];
  if (restored?.length) parts.push(`makes ${containers(restored)} anew`);
  if (added?.length) parts.push(`grows from ${voters.length} to ${count(declared.length, 'server')}`);
  if (removed?.length) parts.push(`shrinks from ${voters.length} to ${count(declared.length, 'server')}`);
  if (replaced?.length) {
    const all = replaced.length === deployed.length;
    const who = all && replaced.length > 1 ? `all ${replaced.length} servers` : containers(replaced);
    parts.push(`replaces ${who}${replaced.length > 1 ? ', one at a time' : ''}`);
  }
  if (updated?.length) parts.push(`changes ${containers(updated)} in place`);
  if (reloads.length > 0)
    parts.push(
      `has the servers reload ${list(reloads.map(({ setting }) => setting.replace(/^postgresSettings\./, '')))}`,
    );
  if (parts.length === 0 && emptied.length > 0) parts.push(`makes ${list(emptied)} anew`);
  if (parts.length === 0 && image !== undefined) parts.push(`builds the image ${image}`);
  if (parts.length === 0 && unfinished.length > 0) parts.push('goes on with what an earlier deploy has not finished');
  return parts.length === 0 ? 'changes nothing that the servers notice' : parts.join(', and ');
}

function dataClause({ removed, replaced, lost }: DataReview, { voters }: Facts): string {
  if (lost.length > voters.length - majority(voters.length)) return 'the data of a majority is lost';
  if (replaced.length > 0)
    return `the data of ${replaced.length === 1 ? 'a server that stays' : 'servers that stay'} is deleted`;
  if (removed.length > 0) return `the data is kept by the servers that stay and deleted with the others`;
  if (lost.length > 0) return 'data that was lost before is copied from the primary';
  return 'all data is kept';
}

function writesClause({ interrupts, leadershipMoves, writes }: Procedure, { up, primary, voters }: Facts): string {
  const time = voters.length === 2 ? 'for a second or so' : 'for some tenths of a second';
  if (up !== undefined && primary === undefined) return 'writes do not go through now';
  if (interrupts) return 'writes stop for some seconds meanwhile';
  if (leadershipMoves === 'yes') return `writes wait once, ${time}, while leadership moves`;
  if (leadershipMoves === 'perhaps') return `writes wait ${time} if leadership moves`;
  return writes === 'No write has to wait.' ? 'no write has to wait' : 'writes go on';
}
