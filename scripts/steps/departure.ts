/** Whether a server's destroy hook has anything to do in a cluster that goes on. Pure. */
import type { HookCluster, InputOf } from '../../constructs/hook-input.js';
import type { ClusterView, NodeView } from '../live/view.js';

/** What is known when a server's hook runs. */
export interface Situation {
  /** The Raft group has this server among its members, or does not say whether it has. */
  readonly member: boolean;
  /** The container that was deployed, by its id, still exists. */
  readonly containerExists: boolean;
}

/** Why a server that leaves can just go; undefined when it is a member. */
export function whyLeavingIsDone(
  { present, node, container }: InputOf<'leave'>,
  { member }: Omit<Situation, 'containerExists'>,
): string | undefined {
  if (present === 'no') return `slot ${node} was empty`;
  return member ? undefined : `${container} is no member of the Raft group`;
}

/** Why a server's container can be replaced at once; undefined when it is a member's, and there. */
export function whyRollingIsDone(
  { containerId, node, container }: InputOf<'roll'>,
  { member, containerExists }: Situation,
): string | undefined {
  if (containerId === '') return `slot ${node} was empty`;
  if (!containerExists) return `${container} is gone already and is made anew`;
  return member ? undefined : `${container} is no member of the Raft group`;
}

/**
 * Why a member must not come back as it is declared now; undefined when the others find it where they did.
 *
 * The members' addresses are in the Raft log, which no container can change.
 */
export function whyUnreachable(
  { container, node, raftAddress }: InputOf<'roll'>,
  { nodes }: Pick<HookCluster, 'nodes'>,
): string | undefined {
  const declared = nodes.find(({ id }) => id === node);
  if (declared === undefined || raftAddress === '' || declared.raftAddress === raftAddress) return undefined;
  return (
    `${container} is a member of the Raft group at ${raftAddress}, and would come back at ${declared.raftAddress}, where no other server ` +
    `looks for it; nothing was replaced: set raftPort back to ${Number(raftAddress.split(':').at(-1)) - node + 1}`
  );
}

/**
 * Whether the group counts `id` among its members; in doubt it does. Before the group has formed nobody is one.
 *
 * @param view undefined when nothing of the cluster is left in Docker
 * @param formed what this machine remembers: undefined when it remembers nothing
 */
export function isMember(view: ClusterView | undefined, id: number, formed: boolean | undefined): boolean {
  if (view === undefined) return false;
  if (view.members.length > 0) return view.members.some((member) => member.id === id);
  return !view.nodes.every((node) => neverFormed(node, formed));
}

/** The server says that it has not consumed its formation token, or cannot have: it does not run, and nothing was formed. */
function neverFormed({ entryPoint, docker }: NodeView, formed: boolean | undefined): boolean {
  if (entryPoint?.asked === true) return entryPoint.state.formation !== 'consumed';
  const running = ['running', 'paused', 'restarting'].includes(docker.status);
  return !running && (formed === false || (formed === undefined && docker.status === 'created'));
}
