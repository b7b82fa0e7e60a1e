/** Which server a command means. */
import { cut } from '../kit/command-line.js';
import { UserError } from '../kit/errors.js';
import { primaryOf, type ClusterView } from './view.js';

interface Named {
  readonly id: number;
  readonly name: string;
  readonly container: string;
}

/**
 * The server that `given` names: by its name (replica1), its container (pgraft-replica1) or its id (2).
 *
 * @throws UserError naming those that there are
 */
export function pickNode<T extends Named>(nodes: readonly T[], given: string): T {
  const node = nodes.find(({ id, name, container }) => [String(id), name, container].includes(given));
  if (node !== undefined) return node;
  throw new UserError(`there is no server "${cut(given)}"; choose one of ${nodes.map(({ name }) => name).join(', ')}`);
}

/** The server that accepts writes. @throws UserError when none does */
export function pickPrimary(view: ClusterView): Named {
  const primary = primaryOf(view);
  if (primary !== undefined) return primary;
  const others = view.nodes.map(({ name }) => name).join(', ');
  throw new UserError(`no server accepts writes now; see npm run status, or name the server you mean: ${others}`);
}
