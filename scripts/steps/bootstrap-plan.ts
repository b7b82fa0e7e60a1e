/** What the bootstrap has to do, decided from what every server says. Pure: it never guesses, it stops. */
import type { NodeState } from '../live/node-state.js';

export interface AnsweredNode {
  readonly id: number;
  readonly container: string;
  readonly state: NodeState;
}

/** What is known beside the servers' own words. */
export interface Knowledge {
  /** This machine remembers that the group has formed. */
  readonly formed: boolean;
}

export type BootstrapPlan =
  /** Nothing may be done: `reason` has the cause and the fix. */
  | { readonly kind: 'stop'; readonly reason: string }
  /** The group has formed: add who is new, wait until it is healthy. Who has no data copies it by itself, given the secrets. */
  | {
      readonly kind: 'verify';
      /** Hand the secrets to these, without a token: they are new, or their volumes were lost. */
      readonly configure: readonly number[];
      /** Some are without data. */
      readonly copies: boolean;
    }
  | {
      readonly kind: 'form';
      /** Hand secrets and the formation token to these. */
      readonly configure: readonly number[];
      /** Node 1 shall make the first data. */
      readonly initialize: boolean;
      /** These shall copy the data of node 1. */
      readonly clone: readonly number[];
    };

/** Decide what to do, for all servers that are declared. A bootstrap that was broken off anywhere is gone on with. */
export function planBootstrap(nodes: readonly AnsweredNode[], knowledge: Knowledge): BootstrapPlan {
  const refusing = nodes.filter(({ state }) => state.phase === 'refused');
  if (refusing.length > 0) return stop(refusing.map(refusal).join('; '));
  const strangers = differentSystems(nodes);
  if (strangers !== undefined) return stop(strangers);
  const formed = knowledge.formed || nodes.some(({ state }) => state.formation === 'consumed');
  return formed ? planFormed(nodes) : planUnformed(nodes);
}

function planFormed(nodes: readonly AnsweredNode[]): BootstrapPlan {
  const empty = nodes.filter(({ state }) => state.data === 'none');
  if (empty.length === nodes.length) {
    return stop(
      'the cluster existed, and now no server has any data: all volumes were lost. Nothing is initialised on a guess; ' +
        'restore the volumes from a backup and deploy again, or give the data up: npm run destroy, then npm start',
    );
  }
  // one that still has its token was part of the bootstrap and broken off before it had its copy
  const outside = empty.filter(({ state }) => state.formation !== 'token');
  const begun = empty.filter(({ state }) => state.formation === 'token');
  if (begun.length === 0) {
    const untold = outside.filter(({ state }) => state.configured === 'no');
    return { kind: 'verify', configure: ids(untold), copies: outside.length > 0 };
  }
  const unasked = begun.filter(({ state }) => state.phase !== 'cloning');
  return { kind: 'form', configure: [], initialize: false, clone: ids(unasked) };
}

function planUnformed(nodes: readonly AnsweredNode[]): BootstrapPlan {
  // the token is handed over before the first data is made: data without one is not from a bootstrap of ours
  const orphans = nodes.filter(({ state }) => state.data === 'present' && state.formation === 'none');
  if (orphans.length > 0) {
    return stop(
      `${list(orphans)} has data of a cluster that is not known here and whose Raft state is lost; nothing is overwritten ` +
        'on a guess: save the data and run npm run destroy, or bring back the volume that belongs to it',
    );
  }
  const [first, ...others] = nodes;
  if (first === undefined) return stop('no servers are declared; set nodes to 1 or more');
  const copies = others.filter(({ state }) => state.data === 'present');
  if (first.state.data === 'none' && copies.length > 0) {
    return stop(
      `${list(copies)} has data and ${first.container}, from which it was copied, has none, while the group never formed: ` +
        `the volume of ${first.container} was lost during the first start; no write was ever accepted, so run npm run ` +
        'destroy, then npm start',
    );
  }
  const empty = others.filter(({ state }) => state.data === 'none' && state.phase !== 'cloning');
  return {
    kind: 'form',
    configure: ids(nodes),
    initialize: first.state.data === 'none' && first.state.phase !== 'initializing',
    clone: ids(empty),
  };
}

function refusal({ container, state }: AnsweredNode): string {
  return `${container} refuses to start: ${state.message}; see docker logs ${container}`;
}

function differentSystems(nodes: readonly AnsweredNode[]): string | undefined {
  const known = nodes.filter(({ state }) => state.system_identifier !== '');
  if (new Set(known.map(({ state }) => state.system_identifier)).size <= 1) return undefined;
  const told = known.map(({ container, state }) => `${container} of system ${state.system_identifier}`).join(', ');
  return `the servers have data of different clusters (${told}); bring back the volumes that belong together`;
}

const stop = (reason: string): BootstrapPlan => ({ kind: 'stop', reason });
const ids = (nodes: readonly AnsweredNode[]) => nodes.map(({ id }) => id);
const list = (nodes: readonly AnsweredNode[]) => nodes.map(({ container }) => container).join(', ');
