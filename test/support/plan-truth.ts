/** Whether what a plan said came true. Pure. */
import type { Review } from '../../scripts/review/review.js';

/** A cluster at one moment. */
export interface Moment {
  /** By name. */
  readonly containers: ReadonlyMap<string, { readonly id: string; readonly runningSince: string | undefined }>;
  /** By name: when each was made. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Container of the server that accepts writes. */
  readonly primary: string | undefined;
  /** Term of the last promotion. */
  readonly promotion: number | undefined;
  readonly voters: number;
}

/** A container that ended (`die`) or started (`start`). */
export interface ContainerEvent {
  readonly action: string;
  readonly container: string;
}

/** What a deploy did. */
export interface Happened {
  readonly before: Moment;
  readonly after: Moment;
  /** In order. */
  readonly events: readonly ContainerEvent[];
  /** Milliseconds in which no write was acknowledged, at most; undefined when nobody wrote. */
  readonly gap: number | undefined;
}

/** Each sentence of `review` that did not come true, and what happened instead; none: the plan told the truth. */
export function untruths(review: Review, happened: Happened): string[] {
  return [
    ...serverUntruths(review, happened),
    ...volumeUntruths(review, happened),
    ...quorumUntruths(review, happened),
    ...leaderUntruths(review, happened),
    ...atOnceUntruths(review, happened),
    ...orderUntruths(review, happened),
    ...writeUntruths(review, happened),
  ];
}

function serverUntruths({ nodes }: Review, { before, after, events }: Happened): string[] {
  const planned = nodes.flatMap(({ container, action }) => {
    const [old, now] = [before.containers.get(container), after.containers.get(container)];
    const same = old !== undefined && now !== undefined && old.id === now.id;
    const truth = {
      none: same && old.runningSince === now.runningSince,
      updated: same && old.runningSince === now.runningSince,
      added: old === undefined && now?.runningSince !== undefined,
      removed: old !== undefined && now === undefined,
      replaced: old !== undefined && now?.runningSince !== undefined && !same,
      restored: old === undefined && now?.runningSince !== undefined,
    };
    return truth[action] ? [] : [`${container}: planned "${action}", was ${told(old)}, is ${told(now)}`];
  });
  const known = new Set(nodes.filter(({ action }) => action !== 'none').map(({ container }) => container));
  const others = events.filter(({ container }) => !known.has(container));
  return [...planned, ...others.map(({ action, container }) => `${container}: "${action}" was not planned`)];
}

function volumeUntruths({ nodes, data }: Review, { before, after }: Happened): string[] {
  const planned = nodes.flatMap(({ volume, data: action }) => {
    const [old, now] = [before.volumes.get(volume), after.volumes.get(volume)];
    const truth = {
      kept: old !== undefined && old === now,
      new: old === undefined && now !== undefined,
      removed: old !== undefined && now === undefined,
      replaced: old !== undefined && now !== undefined && old !== now,
      lost: old === undefined && now !== undefined,
    };
    const inSentence = data[action].includes(volume);
    return truth[action] && inSentence ? [] : [`${volume}: planned "${action}", was ${told(old)}, is ${told(now)}`];
  });
  const known = new Set(nodes.map(({ volume }) => volume));
  const others = [...after.volumes.keys()].filter((volume) => !known.has(volume));
  return [...planned, ...others.map((volume) => `${volume}: was not planned`)];
}

function quorumUntruths({ quorum }: Review, { before, after }: Happened): string[] {
  const compared = [
    { when: 'before', said: quorum.before?.servers ?? 0, was: before.voters },
    { when: 'after', said: quorum.after?.servers ?? 0, was: after.voters },
  ];
  return compared
    .filter(({ said, was }) => said !== was)
    .map((one) => `voters ${one.when}: said ${one.said}, was ${one.was}`);
}

function leaderUntruths({ procedure }: Review, { before, after }: Happened): string[] {
  const { leadershipMoves, leadership } = procedure;
  const moved = before.primary !== undefined && before.primary !== after.primary;
  const happened = `${before.primary ?? 'nobody'} in term ${before.promotion ?? 0}, then ${after.primary ?? 'nobody'} in term ${after.promotion ?? 0}`;
  const who = before.primary === undefined || leadership.startsWith(`${before.primary} leads.`);
  const whether = leadershipMoves === 'perhaps' || moved === (leadershipMoves === 'yes');
  // a restarted primary is promoted again, and says so
  const promoted = before.primary !== undefined && before.promotion !== after.promotion;
  const again = moved || !promoted || /promoted again|comes back|made anew/.test(leadership);
  return who && whether && again ? [] : [`said "${leadership}" (moves: ${leadershipMoves}), was ${happened}`];
}

function atOnceUntruths({ procedure, nodes }: Review, { before, events }: Happened): string[] {
  const members = new Set(nodes.filter(({ action }) => action !== 'added').map(({ container }) => container));
  const out = new Set([...members].filter((name) => before.containers.get(name)?.runningSince === undefined));
  const leaving = new Set(nodes.filter(({ action }) => action === 'removed').map(({ container }) => container));
  let most = 0;
  for (const { action, container } of events) {
    if (!members.has(container)) continue;
    if (action === 'start') out.delete(container);
    // once it has left the group, nobody counts on it
    if (action === 'die' && !leaving.has(container)) out.add(container);
    most = Math.max(most, out.size);
  }
  return most <= procedure.atOnce ? [] : [`said ${procedure.atOnce} at once, ${most} were out of service`];
}

/** Servers that are replaced go in the order of the steps that name them. */
function orderUntruths({ procedure: { steps }, nodes }: Review, { events }: Happened): string[] {
  const stepOf = (container: string) =>
    steps.findIndex((step) => (step.split(':')[0] ?? '').split(/, | and | /).includes(container));
  const replaced = nodes.filter(({ action }) => action === 'replaced').map(({ container }) => container);
  const unnamed = replaced.filter((container) => stepOf(container) === -1);
  const went = [...new Set(events.filter(({ action }) => action === 'start').map(({ container }) => container))];
  const order = went.filter((container) => replaced.includes(container));
  const wrong = order.some((container, index) => stepOf(container) < stepOf(order[index - 1] ?? container));
  return [
    ...unnamed.map((container) => `${container} is replaced, and no step says so`),
    ...(wrong ? [`said ${JSON.stringify(steps)}, went ${order.join(', ')}`] : []),
  ];
}

/** Milliseconds that Terraform may add on a busy machine; `npm run bench -- changes` has the figures. An outage nobody told of is longer. */
const busy = 1_500;

function writeUntruths({ procedure }: Review, { gap }: Happened): string[] {
  const { longestWait, writes } = procedure;
  if (gap === undefined || longestWait === null || gap <= longestWait + busy) return [];
  return [`said "${writes}" (at most ${longestWait} ms), and for ${gap.toFixed(0)} ms no write was acknowledged`];
}

function told(thing: unknown): string {
  return thing === undefined ? 'not there' : JSON.stringify(thing);
}
