/** In which order containers are replaced, and whether one may go now. Pure. */
import { UserError } from '../kit/errors.js';
import { problemsOfMembers, votersOf } from '../live/health.js';
import { findNode, primaryOf, type ClusterView, type NodeView } from '../live/view.js';
import type { Container } from '../live/docker.js';

/** The new value of a setting of which a standby must have at least the primary's (safety.md R20), and the primary's now. */
export interface LimitChange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A setting as the primary has it. */
export interface CurrentLimit {
  readonly name: string;
  readonly value: number;
  /** PostgreSQL's default. */
  readonly otherwise: number;
}

/** The limits that change. Text that is no plain number is PostgreSQL's to refuse. */
export function limitChanges(
  current: readonly CurrentLimit[],
  declared: Readonly<Record<string, string>>,
): readonly LimitChange[] {
  return current.flatMap(({ name, value, otherwise }) => {
    const to = name in declared ? Number(declared[name]) : otherwise;
    return Number.isNaN(to) || to === value ? [] : [{ name, from: value, to }];
  });
}

/**
 * Whether a lowered limit has to reach the primary before the standbys.
 *
 * @throws UserError when another one is raised at the same time: no order fits both
 */
export function isPrimaryFirst(changes: readonly LimitChange[]): boolean {
  const lowered = changes.filter(({ from, to }) => to < from);
  const raised = changes.filter(({ from, to }) => to > from);
  if (lowered.length > 0 && raised.length > 0) {
    const told = (some: readonly LimitChange[]) =>
      some.map(({ name, from, to }) => `${name} ${from} -> ${to}`).join(', ');
    throw new UserError(
      `${told(raised)} is raised, which must reach the standbys first, and ${told(lowered)} is lowered, which must reach the ` +
        'primary first; nothing was replaced: make the two changes in two deploys',
    );
  }
  return lowered.length > 0;
}

/** Ids of the members whose containers are not made as they are declared now. */
export function outdatedMembers(
  view: ClusterView,
  containers: readonly Pick<Container, 'node' | 'definition'>[],
  definitions: Readonly<Record<string, string>>,
): number[] {
  const outdated = containers.filter(({ node, definition }) => {
    const declared = definitions[String(node)];
    return declared !== undefined && declared !== definition && view.members.some(({ id }) => id === node);
  });
  return outdated.map(({ node }) => node);
}

/** Those of `outdated` that have to be replaced before `id`: who does not serve, then the standbys, then the primary. */
export function predecessors(
  view: ClusterView,
  id: number,
  { outdated, primaryFirst }: { readonly outdated: readonly number[]; readonly primaryFirst: boolean },
): NodeView[] {
  const primary = primaryOf(view)?.id;
  const rank = (node: NodeView) => {
    if (!serves(node)) return 0;
    return (node.id === primary) === primaryFirst ? 1 : 2;
  };
  const own = findNode(view, id);
  if (own === undefined) return [];
  return outdated
    .filter((other) => other !== id)
    .flatMap((other) => findNode(view, other) ?? [])
    .filter((node) => rank(node) < rank(own));
}

/** Why the container of member `id` has to stay for now; undefined when nobody misses it. */
export function whyKeep(view: ClusterView, id: number): string | undefined {
  const node = findNode(view, id);
  // it gives nothing that could be lost
  if (node === undefined || !serves(node)) return undefined;
  if (votersOf(view).length === 1 && primaryOf(view)?.id === id) return undefined;
  const problems = problemsOfMembers(view, id);
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** PostgreSQL and its Raft answer. */
function serves({ postgres, raft }: NodeView): boolean {
  return postgres.accepting && raft.available;
}
