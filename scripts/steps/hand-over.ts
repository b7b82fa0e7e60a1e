/** A member whose volume was lost has no secrets any more. With them it copies the data by itself, and a leader adds it anew. */
import type { NodeSpec } from '../../constructs/topology.js';
import { UserError } from '../kit/errors.js';
import { configureLines, type Secrets } from '../kit/secrets.js';
import type { Docker } from '../live/docker.js';

export interface HandOver {
  readonly docker: Docker;
  readonly secrets: Secrets;
  /** Every declared server. */
  readonly nodes: readonly Pick<NodeSpec, 'name' | 'raftAddress'>[];
  /** With the token that allows to form the group once. @default false */
  readonly form?: boolean;
}

const deadline = 20_000;

/** @throws UserError with the container and what its entry point says */
export async function handSecretsOver(container: string, { docker, secrets, nodes, form = false }: HandOver) {
  const initialCluster = nodes.map(({ name, raftAddress }) => `${name}=${raftAddress}`).join(',');
  const input = configureLines(secrets, { initialCluster, form });
  const outcome = await docker.exec(container, ['pgraft-node', 'configure'], { input, deadline });
  if (outcome.ok) return;
  throw new UserError(`${container}, pgraft-node configure: ${outcome.problem}; see docker logs ${container}`);
}

/**
 * Give a server the settings that a reload can take: it keeps them, and takes them at once if it runs.
 *
 * @throws UserError with what PostgreSQL says of them; the server goes on with those that it had
 */
export async function handSettingsOver(
  container: string,
  { docker, reloadable }: { readonly docker: Docker; readonly reloadable: string },
): Promise<void> {
  const input = reloadable === '' ? '' : `${reloadable}\n`;
  const outcome = await docker.exec(container, ['pgraft-node', 'settings'], { input, deadline });
  if (outcome.ok) return;
  throw new UserError(`${container}, settings of PostgreSQL: ${outcome.problem.replace(/^pgraft-node: /, '')}`);
}
