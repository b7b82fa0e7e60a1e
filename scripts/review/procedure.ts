/** How a deploy goes about it: who is touched, in which order, whether leadership moves, how long writes wait. Pure. */
import { majority } from '../../constructs/quorum.js';
import type { ClusterChanges, NodeChange } from './changes.js';
import { limitChanges } from './limits.js';
import type { Facts } from './situation.js';
import { containers } from './words.js';

export interface Procedure {
  /** How many servers are out of service at the same time, by what the deploy does. */
  readonly atOnce: number;
  /** In the order in which they happen; those of different kinds may change places. */
  readonly steps: readonly string[];
  readonly leadership: string;
  readonly leadershipMoves: 'no' | 'yes' | 'perhaps';
  readonly writes: string;
  /** Milliseconds that a write waits at most, as promised; null where nothing is. */
  readonly longestWait: number | null;
  /** Writes stop for longer than a switchover takes. */
  readonly interrupts: boolean;
}

/** Promised, and measured by bench/outage: docs/performance.md. */
const gaps = {
  switchover: { words: '0.15 s expected, 0.4 s at most in 99 of 100', longest: 400 },
  standby: { words: 'some 50 ms expected, 0.2 s at most in 99 of 100', longest: 200 },
  // neither of two can be promoted without the other
  switchoverOfTwo: { words: 'a second or so, until the old primary is back as a standby', longest: 2_000 },
};
/** A server from `docker stop` until it streams again, on this project's test machines. */
const absence = 'some seconds (the checkpoint, the new container, the way back)';

export function procedureOf(changes: ClusterChanges, facts: Facts): Procedure {
  const parts = partition(changes);
  const { first } = facts;
  return {
    atOnce: first ? 0 : atOnceOf(parts, facts),
    steps: first ? firstSteps(changes) : stepsOf(parts, changes, facts),
    ...leadershipOf(parts, facts, first),
    ...writesOf(parts, facts, first),
  };
}

interface Parts {
  readonly added: readonly NodeChange[];
  readonly removed: readonly NodeChange[];
  readonly replaced: readonly NodeChange[];
  readonly updated: readonly NodeChange[];
  readonly restored: readonly NodeChange[];
  /** A limit of standbys is lowered: the primary goes first. */
  readonly primaryFirst: boolean;
}

function partition({ nodes }: ClusterChanges): Parts {
  const of = (action: NodeChange['action']) => nodes.filter((node) => node.action === action);
  return {
    added: of('added'),
    removed: of('removed'),
    replaced: of('replaced'),
    updated: of('updated'),
    restored: of('restored'),
    primaryFirst: limitChanges(nodes.flatMap(({ causes }) => causes)).lowered.length > 0,
  };
}

/** With those that are out of service already. */
function atOnceOf({ removed, replaced, restored }: Parts, { sick }: Facts): number {
  if (removed.length + replaced.length + restored.length === 0) return 0;
  return Math.max(1, restored.length, sick.length);
}

function firstSteps({ nodes }: ClusterChanges): string[] {
  const declared = nodes.filter(({ action }) => action !== 'removed');
  if (declared[0] === undefined) return [];
  return [
    `${containers(declared)}: all at once; then they become one cluster, which ${declared[0].container} leads at first`,
  ];
}

function stepsOf(parts: Parts, { image, reloads }: ClusterChanges, { primary, sick }: Facts): string[] {
  const { added, removed, replaced, updated, restored, primaryFirst } = parts;
  const steps: string[] = [];
  if (image !== undefined) steps.push(`the image ${image} is built; if that fails, nothing else is changed`);
  if (restored.length > 0)
    steps.push(
      `${containers(restored)}: made anew${restored.length > 1 ? ', all at once' : ''}, and waited for until healthy`,
    );
  if (removed.length > 0) {
    const leads = removed.some(({ id }) => id === primary?.id);
    const handOver = leads ? '; the one that leads hands leadership over first' : '';
    steps.push(
      removed.length === 1
        ? `${containers(removed)}: ${leads ? 'hands leadership over, and ' : ''}leaves the Raft group; then its container and its volume go`
        : `${containers(removed)}: each leaves the Raft group, one after another${handOver}; then its container and its volume go`,
    );
  }
  if (replaced.length > 0)
    steps.push(
      ...sickSteps(replaced, sick),
      ...rollSteps(
        replaced.filter(({ id }) => !sick.includes(id)),
        primary?.id,
        primaryFirst,
      ),
    );
  if (updated.length > 0) steps.push(`${containers(updated)}: changed in place, without a restart`);
  if (added.length > 0)
    steps.push(`${containers(added)}: made, then added one by one, each once it has copied the data`);
  if (reloads.length > 0) steps.push('every server reloads its settings; no container is touched for that');
  return steps;
}

/** Nobody misses them. */
function sickSteps(replaced: readonly NodeChange[], sick: readonly number[]): string[] {
  const first = replaced.filter(({ id }) => sick.includes(id));
  if (first.length === 0) return [];
  const how = first.length === replaced.length ? 'replaced' : 'replaced first';
  const turns = first.length === 1 ? '' : ', one at a time';
  return [`${containers(first)}: ${how}${turns}; nobody is served there now`];
}

function rollSteps(replaced: readonly NodeChange[], leader: number | undefined, primaryFirst: boolean): string[] {
  if (replaced.length === 0) return [];
  const healthy = 'one at a time, each healthy before the next';
  const primary = replaced.find(({ id }) => id === leader);
  const standbys = replaced.filter(({ id }) => id !== leader);
  if (primary === undefined) {
    const who =
      leader === undefined && replaced.length > 1 ? `, whichever leads ${primaryFirst ? 'first' : 'last'}` : '';
    return [`${containers(replaced)}: replaced, ${healthy}${who}`];
  }
  const others =
    standbys.length === 0
      ? []
      : [`${containers(standbys)}: replaced, ${standbys.length === 1 ? 'and healthy before the next' : healthy}`];
  const how = primaryFirst
    ? 'replaced first, and promoted again, since a standby must not have less than the primary'
    : standbys.length === 0
      ? 'replaced'
      : 'replaced last, after it has handed leadership over';
  const own = `${primary.container} (leads): ${how}`;
  return primaryFirst ? [own, ...others] : [...others, own];
}

function leadershipOf(
  parts: Parts,
  { primary, voters, up }: Facts,
  first: boolean,
): Pick<Procedure, 'leadership' | 'leadershipMoves'> {
  if (first) return { leadership: 'Nobody leads yet.', leadershipMoves: 'no' };
  const going = [...parts.removed, ...parts.replaced];
  const now =
    primary === undefined
      ? up === undefined
        ? 'It is not known who leads.'
        : 'No server leads now.'
      : `${primary.container} leads.`;
  if (up !== undefined && primary === undefined) {
    const comes = going.length + parts.restored.length > 0 && !isLost(parts, voters);
    return {
      leadership: comes ? `${now} One is elected when a majority is back.` : now,
      leadershipMoves: comes ? 'perhaps' : 'no',
    };
  }
  if (going.length === 0) return { leadership: `${now} Leadership does not move.`, leadershipMoves: 'no' };
  if (parts.primaryFirst) {
    return {
      leadership: `${now} Leadership stays: the server that leads restarts, and is promoted again.`,
      leadershipMoves: 'no',
    };
  }
  if (voters.length === 1)
    return {
      leadership: `${now} There is nobody to hand leadership to; it is promoted again when it is back.`,
      leadershipMoves: 'no',
    };
  const certain =
    primary !== undefined
      ? going.some(({ id }) => id === primary.id)
      : voters.every((id) => going.some((node) => node.id === id));
  if (certain)
    return {
      leadership: `${now} Leadership moves once, to a server that is healthy and stays.`,
      leadershipMoves: 'yes',
    };
  if (primary !== undefined) return { leadership: `${now} Leadership does not move.`, leadershipMoves: 'no' };
  return {
    leadership: `${now} If it is ${going.map(({ container }) => container).join(' or ')}, leadership moves once.`,
    leadershipMoves: 'perhaps',
  };
}

/** Nobody can be elected any more. */
function isLost({ restored }: Parts, voters: readonly number[]): boolean {
  const lost = restored.filter(({ id, data }) => data === 'lost' && voters.includes(id));
  return voters.length - lost.length < majority(voters.length);
}

type Writes = Pick<Procedure, 'writes' | 'longestWait' | 'interrupts'>;

function writesOf(parts: Parts, facts: Facts, first: boolean): Writes {
  const { voters, primary, up } = facts;
  const going = [...parts.removed, ...parts.replaced];
  if (first) return unpromised('There is nothing to interrupt.');
  if (up !== undefined && primary === undefined) return unpromised('No server accepts writes now.');
  if (going.length === 0) return undisturbed;
  if (parts.replaced.length > 0 && voters.length < 3) return interrupted(smallGap(voters.length, parts));
  if (parts.primaryFirst) {
    return interrupted(
      `Writes wait once, while the server that leads restarts: ${absence}. ${standbyGap(parts)}`.trim(),
    );
  }
  const standby = standbyGap(parts);
  const leads = primary === undefined || going.some(({ id }) => id === primary.id);
  if (!leads && standby === '') return undisturbed;
  if (!leads) return { writes: standby, longestWait: gaps.standby.longest, interrupts: false };
  const { words, longest } = voters.length === 2 ? gaps.switchoverOfTwo : gaps.switchover;
  const when =
    primary === undefined ? 'If leadership moves, writes wait once' : 'Writes wait once, when leadership moves';
  return {
    writes: `${when}: ${words}; sessions there end, clients connect again. ${standby}`.trim(),
    longestWait: longest,
    interrupts: false,
  };
}

const undisturbed: Writes = { writes: 'No write has to wait.', longestWait: 0, interrupts: false };
const unpromised = (writes: string): Writes => ({ writes, longestWait: null, interrupts: false });
const interrupted = (writes: string): Writes => ({ writes, longestWait: null, interrupts: true });

function standbyGap({ replaced }: Parts): string {
  return replaced.length === 0 ? '' : `When a standby stops, a commit may wait: ${gaps.standby.words}.`;
}

function smallGap(voters: number, { replaced }: Parts): string {
  if (voters === 1) return `Writes and reads stop while the only server is replaced: ${absence}.`;
  const times = replaced.length === 1 ? 'once' : 'twice';
  return `Of two servers both are needed to confirm a commit: writes stop ${times}, each time for ${absence}.`;
}
