/** From which server a cluster without a majority can go on: decided from what every server says, never guessed. Pure. */
import { majority } from '../../constructs/quorum.js';
import { hasLostState } from '../live/lost.js';
import type { NodeState } from '../live/node-state.js';

/** How far a server's data goes, as `pgraft-node position` says (safety.md R1). */
export interface Position {
  /** incomplete: rewound or cloned, and not yet as far as that was to go; doubtful: must not be started, may be half of something. */
  readonly data: 'whole' | 'incomplete' | 'doubtful' | 'none';
  /** Of the last promotion in its history. */
  readonly term: number;
  readonly lsn: string;
  /** What an incomplete one had before it was rewound or cloned (R3); that is gone. */
  readonly witness?: { readonly term: number; readonly lsn: string } | undefined;
  /** The highest that its Raft state or its history knows. */
  readonly raftTerm: number;
}

export interface Surveyed {
  readonly id: number;
  readonly name: string;
  readonly container: string;
  /** Docker's word, or `missing`. */
  readonly status: string;
  /** Its volume, if there is one. */
  readonly volume?: string | undefined;
  /** Undefined for one that does not run. */
  readonly found: { readonly state: NodeState; readonly position: Position } | undefined;
}

export interface Leader {
  readonly id: number;
  /** It is the primary, and accepts commits. */
  readonly writable: boolean;
}

export interface Survey {
  readonly voters: readonly number[];
  /** Of the group that there is now, spares too; empty when nobody tells. */
  readonly members: readonly number[];
  readonly leader: Leader | undefined;
  /** A majority of whole servers was given time, and elected nobody; or the only voter was, and did not become the primary. */
  readonly gaveTime: boolean;
  readonly servers: readonly Surveyed[];
}

export type RecoverPlan =
  /** Nothing may be done: `reason` has the cause and the fix. */
  | { readonly kind: 'stop'; readonly reason: string }
  /** The chosen one leads the new group already: what a run before has not come to. */
  | { readonly kind: 'add'; readonly chosen: Surveyed; readonly others: readonly Surveyed[] }
  | {
      readonly kind: 'recover';
      readonly chosen: Surveyed;
      /** The others that run: they forget their group, and are added to the new one. */
      readonly others: readonly Surveyed[];
      /** Which of all these leads a group of its own without ever serving: it forgets first. */
      readonly stuck: Surveyed | undefined;
      /** Above every term of the old group. */
      readonly term: number;
    };

/** @param given the server that the person names; undefined when none was named yet */
export function planRecovery(survey: Survey, given: Surveyed | undefined): RecoverPlan {
  const { voters, leader, gaveTime, servers } = survey;
  const leading = servers.find(({ id }) => id === leader?.id);
  const stuck = isStuck(survey) ? leading : undefined;
  // named itself it is waited for: to begin anew with the same data would help nobody
  if (leader !== undefined && (stuck === undefined || stuck === given)) return planAdding(survey, leader, given);
  const obstacle = obstacleOf(survey);
  if (obstacle !== undefined) return stop(obstacle);
  const whole = wholeVoters({ voters, servers });
  if (whole.length >= majority(voters.length) && !gaveTime) {
    return stop(
      `${list(whole)} have their data and their Raft state, and are a majority of ${voters.length}: they elect a leader by ` +
        'themselves; if they do not, npm run logs tells why',
    );
  }
  const newest = newestOf(servers);
  if (newest.length === 0) return stop('no server has whole data: restore a backup; nothing was changed');
  // what leads and does not serve may never do so
  const next = stuck === undefined ? [] : newestOf(servers.filter((server) => server !== stuck));
  if (given === undefined || ![...newest, ...next].includes(given)) {
    return stop(choice(given, { newest, stuck, next, servers }));
  }
  const others = servers.filter((server) => server !== given && server.found !== undefined);
  const term = Math.max(0, ...servers.map(({ found }) => found?.position.raftTerm ?? 0));
  return { kind: 'recover', chosen: given, others, stuck, term };
}

/** Whether the only voter leads a group of its own, and had time enough to become its primary. */
function isStuck({ voters, leader, gaveTime }: Survey): boolean {
  return leader !== undefined && isAlone(voters, leader) && !leader.writable && gaveTime;
}

/** Whether `leader` is the only voter. */
export function isAlone(voters: readonly number[], leader: Leader): boolean {
  return voters.length === 1 && voters[0] === leader.id;
}

/** With a leader nothing is recovered. Those that no group knows any more, and that wait, may be added to the one that there is. */
function planAdding(survey: Survey, { id }: Leader, given: Surveyed | undefined): RecoverPlan {
  const { members, servers } = survey;
  const chosen = servers.find((server) => server.id === id);
  const others = servers.filter(
    (server) => members.length > 0 && !members.includes(server.id) && server.found !== undefined && isWaiting(server),
  );
  if (chosen === undefined || others.length === 0) {
    const name = chosen?.container ?? `node ${id}`;
    if (isStuck(survey)) return stop(`${name} leads alone, and does not become the primary: npm run logs tells why`);
    return stop(`${name} leads: what is lost is mended by itself, see npm run status; nothing was changed`);
  }
  if (given === chosen) return { kind: 'add', chosen, others };
  return stop(
    `${chosen.container} leads, and ${list(others)} ${others.length === 1 ? 'waits' : 'wait'} to be added to its group; nothing was ` +
      `changed. To add: npm run recover -- ${chosen.name}`,
  );
}

const isWaiting = ({ found }: Surveyed) => found !== undefined && hasLostState(found.state);

/** What may hide newer data than any that was seen, and how to bring it back. */
function obstacleOf({ servers }: Survey): string | undefined {
  const down = servers.filter(({ status }) => status !== 'running' && status !== 'missing');
  if (down.length > 0) {
    return (
      `${list(down)} ${down.length === 1 ? 'is' : 'are'} down, and may be all that is missing, or have the newest data: start ` +
      `${down.length === 1 ? 'it' : 'them'} first (npm start); a container that cannot be started any more can be made anew around its ` +
      `data: ${down.map(({ container }) => `docker rm ${container}`).join(' && ')} && npm start`
    );
  }
  const bare = servers.filter(({ status, volume }) => status === 'missing' && volume !== undefined);
  if (bare.length > 0) {
    const volumes = bare.map(({ volume }) => volume ?? '').join(' ');
    return (
      `the container of ${list(bare)} is gone, its volume is not, and may have the newest data: npm start makes the container anew; ` +
      `if that data may go: docker volume rm ${volumes}`
    );
  }
  const silent = servers.filter(({ status, found }) => status === 'running' && found === undefined);
  if (silent.length === 0) return undefined;
  return `${list(silent)} cannot be asked how far its data goes; see npm run logs, then run this again`;
}

/** Those that run and have all that a member needs. */
export function wholeVoters({ voters, servers }: Pick<Survey, 'voters' | 'servers'>): Surveyed[] {
  return servers.filter(({ id, found }) => voters.includes(id) && found !== undefined && isWhole(found));
}

/** What each server has, a line each. */
export function describeSurvey({ servers }: Survey): string[] {
  const width = Math.max(0, ...servers.map(({ container }) => container.length));
  const newest = newestOf(servers);
  return servers.map((server) => {
    const mark = newest.includes(server) ? ' (newest)' : '';
    return `${server.container.padEnd(width)} : ${describe(server)}${mark}`;
  });
}

function describe({ status, found }: Surveyed): string {
  if (found === undefined) return status === 'running' ? 'does not say how far its data goes' : status;
  const { state, position } = found;
  if (position.data === 'none') return 'no data';
  const raft = hasLostState(state) ? 'Raft state lost' : 'Raft state whole';
  if (position.data === 'doubtful') return `data that must not be started, ${raft}`;
  const words = `data up to ${position.lsn} after the promotion of term ${position.term}`;
  if (position.data === 'whole') return `${words}, ${raft}`;
  return `${words}, not complete yet${witnessed(position)}, ${raft}`;
}

function witnessed({ witness }: Position): string {
  return witness === undefined
    ? ''
    : ` (before it was rewound or cloned it had data up to ${witness.lsn} after the promotion of term ${witness.term})`;
}

/** A server whose data is not complete votes, and its old position counts (R3). */
function isWhole({ state, position }: NonNullable<Surveyed['found']>): boolean {
  return ['whole', 'incomplete'].includes(position.data) && state.raft === 'present' && !hasLostState(state);
}

/**
 * R1: by the term of the last promotion, then by the LSN; several when they are equal. One that is not complete may miss what it had once
 * confirmed, or never come to a consistent state alone, so it counts only where nobody has whole data.
 */
function newestOf(servers: readonly Surveyed[]): Surveyed[] {
  const known = servers.filter(({ found }) => found !== undefined && found.position.lsn !== '');
  const whole = known.filter(({ found }) => found?.position.data === 'whole');
  const usable = whole.length > 0 ? whole : known.filter(isIncomplete);
  return usable.filter((one) => usable.every((other) => compare(one, other) >= 0));
}

export const isIncomplete = ({ found }: Surveyed): boolean => found?.position.data === 'incomplete';

function compare({ found: a }: Surveyed, { found: b }: Surveyed): number {
  if (a === undefined || b === undefined) return 0;
  if (a.position.term !== b.position.term) return a.position.term - b.position.term;
  const [left, right] = [lsnNumber(a.position.lsn), lsnNumber(b.position.lsn)];
  return left === right ? 0 : left > right ? 1 : -1;
}

function lsnNumber(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

interface Choice {
  readonly newest: readonly Surveyed[];
  readonly stuck: Surveyed | undefined;
  /** The newest but for the one that is stuck. */
  readonly next: readonly Surveyed[];
  readonly servers: readonly Surveyed[];
}

function choice(given: Surveyed | undefined, { newest, stuck, next, servers }: Choice): string {
  const names = namesOf(newest);
  const command = `npm run recover -- ${newest[0]?.name ?? ''}`;
  const rest = `${formerly(servers)}${otherwise(stuck, next)}`;
  if (given === undefined) {
    const whole = newest.some(isIncomplete) ? 'No server has whole data. ' : '';
    return (
      `nothing was changed. ${whole}The newest data is that of ${names}; what only servers that are lost had is gone${rest}. ` +
      `To go on from there: ${command}`
    );
  }
  if (isIncomplete(given) && !newest.some(isIncomplete)) {
    return `the data of ${given.name} was rewound or cloned, and is not complete yet${rest}; ${names} has whole data: say ${command}`;
  }
  return `${given.name} has not the newest data, ${names} has: going on from ${given.name} would lose what was acknowledged${rest}; say ${command}`;
}

/** What those had that are no longer complete: it may have been acknowledged, and is gone. */
function formerly(servers: readonly Surveyed[]): string {
  return servers
    .flatMap(({ name, found }) =>
      found?.position.witness === undefined ? [] : [`; ${name}${witnessed(found.position)}`],
    )
    .join('');
}

function otherwise(stuck: Surveyed | undefined, next: readonly Surveyed[]): string {
  if (stuck === undefined || next.length === 0) return '';
  return `; ${stuck.name} leads a group of its own and does not become its primary: the next newest data is that of ${namesOf(next)}`;
}

const namesOf = (servers: readonly Surveyed[]) => servers.map(({ name }) => name).join(' or ');
const stop = (reason: string): RecoverPlan => ({ kind: 'stop', reason });
const list = (servers: readonly Surveyed[]) => servers.map(({ container }) => container).join(', ');
