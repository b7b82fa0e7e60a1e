/** What is known of the cluster as it runs now, beside the plan. Pure. */
import { problemOf, problemsOf, quorumOf, votersOf } from '../live/health.js';
import { primaryOf, type ClusterView } from '../live/view.js';
import type { ClusterChanges } from './changes.js';

/** `absent`: Docker answers, and nothing there belongs to the cluster. */
export type Situation =
  | { readonly kind: 'live'; readonly view: ClusterView }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly problem: string; readonly withoutDocker: boolean };

/** Another cluster of the same checkout. */
export interface OtherCluster {
  readonly prefix: string;
  readonly servers: readonly string[];
  readonly volumes: readonly string[];
}

/** Everything that a review starts from. */
export interface ReviewInput {
  readonly prefix: string;
  /** A first deploy was begun, and has not made the servers a cluster. */
  readonly firstUnfinished: boolean;
  /** A deploy may remove the volumes of a majority. */
  readonly shrinkBelowMajority: boolean;
  readonly changes: ClusterChanges;
  readonly situation: Situation;
  readonly others: readonly OtherCluster[];
  /** Why a deploy would refuse to create anything: ports and names that others have, a sentence each. */
  readonly obstacles: readonly string[];
  /** What else has to be said, such as that a deploy is under way. */
  readonly remarks: readonly string[];
}

/** Something to be told before a plan is applied. */
export interface Finding {
  /** A sentence, or some. */
  readonly text: string;
  /** How the deploy ends because of it, where that is not well; a sentence. */
  readonly ending?: string | undefined;
}

export const told = (text: string, ending?: string): Finding => ({ text, ending });
/** The deploy stops at that before it changes a server. */
export const refused = (text: string): Finding =>
  told(text, 'As things stand, the deploy refuses it, and the servers stay as they are.');

/** The deploy waits for something that does not come by itself. */
export const stopsAt = (text: string): Finding =>
  told(text, 'As things stand, the deploy does not come to its end, and the servers that there are stay as they are.');

/** The cluster before the deploy, as well as it is known. */
export interface Facts {
  /** The deploy makes the cluster: there is none yet. */
  readonly first: boolean;
  /** Ids of the voters: by the Raft group's word, else the servers that are deployed. */
  readonly voters: readonly number[];
  /** How many voters answer; undefined when nobody was asked. */
  readonly up: number | undefined;
  /** The server that accepts writes; undefined when none does, or nobody was asked. */
  readonly primary: { readonly id: number; readonly container: string } | undefined;
  /** What keeps the cluster from being healthy; empty when it is healthy or nobody was asked. */
  readonly problems: readonly string[];
  /** Ids of servers that do not serve their part. */
  readonly sick: readonly number[];
  /** No container of it runs. */
  readonly stopped: boolean;
}

export function factsOf({ changes, situation, firstUnfinished }: ReviewInput): Facts {
  const first = changes.deployed.length === 0 || firstUnfinished;
  const nothing = { up: undefined, primary: undefined, problems: [], sick: [], stopped: false };
  if (first) return { first, voters: [], ...nothing };
  if (situation.kind !== 'live') {
    // where nothing is there, nobody answers
    const up = situation.kind === 'absent' ? 0 : undefined;
    return { first, voters: changes.deployed, ...nothing, up };
  }
  const { view } = situation;
  const primary = primaryOf(view);
  return {
    first,
    voters: votersOf(view),
    up: quorumOf(view).up,
    primary: primary === undefined ? undefined : { id: primary.id, container: primary.container },
    problems: problemsOf(view),
    sick: view.nodes.map(({ id }) => id).filter((id) => problemOf(view, id) !== undefined),
    stopped: !view.nodes.some(({ docker }) => ['running', 'paused', 'restarting'].includes(docker.status)),
  };
}
