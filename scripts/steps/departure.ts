/** What a server's destroy hook has to do in a cluster that goes on: nothing, or what is not built yet. Pure. */
import type { InputOf } from '../../constructs/hook-input.js';
import type { ClusterView, NodeView } from '../live/view.js';

export type Departure =
  { readonly refuse: false; readonly because: string } | { readonly refuse: true; readonly reason: string };

const planned = 'is not built yet (planned as "Change a running cluster")';

/** What is known when a server's hook runs. */
export interface Situation {
  /** The Raft group has this server among its members, or does not say whether it has. */
  readonly member: boolean;
  /** The container that was deployed, by its id, still exists. */
  readonly containerExists: boolean;
}

/** A server leaves the cluster, or a slot is filled for the first time. */
export function leaving(input: InputOf<'leave'>, { member }: Omit<Situation, 'containerExists'>): Departure {
  if (input.present === 'no') return nothing(`slot ${input.node} was empty`);
  if (!member) return nothing(`${input.container} is no member of the Raft group`);
  return refuse(
    `${input.container} would leave cluster ${input.prefix}: shrinking a running cluster ${planned}; it goes on unchanged. ` +
      'Set nodes back to what it was, or remove the whole cluster with npm run destroy',
  );
}

/** A server's container is replaced. */
export function rolling(input: InputOf<'roll'>, { member, containerExists }: Situation): Departure {
  if (input.containerId === '') return nothing(`slot ${input.node} was empty`);
  if (!containerExists) return nothing(`${input.container} is gone already and is made anew`);
  if (!member) return nothing(`${input.container} is no member of the Raft group`);
  return refuse(
    `${input.container} would be replaced: replacing running servers one by one ${planned}; it goes on unchanged. Undo the ` +
      'change, or remove the whole cluster, with its data, with npm run destroy and start it anew',
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

const nothing = (because: string): Departure => ({ refuse: false, because });
const refuse = (reason: string): Departure => ({ refuse: true, reason });
