/** From which server a cluster without a majority can go on: decided from what every server says, never guessed. Pure. */
import { majority } from '../../constructs/quorum.js';
import { hasLostState } from '../live/lost.js';
import type { NodeState } from '../live/node-state.js';

/** How far a server's data goes, as `pgraft-node position` says (safety.md R1). */
export interface Position {
  /** doubtful: it must not be started, since it may be half of something. */
  readonly data: 'whole' | 'doubtful' | 'none';
  /** Of the last promotion in its history. */
  readonly term: number;
  readonly lsn: string;
  /** The highest that its Raft state or its history knows. */
  readonly raftTerm: number;
}

export interface Surveyed {
  readonly id: number;
  readonly name: string;
  readonly container: string;
  /** Docker's word, or `missing`. */
  readonly status: string;
  /** Undefined for one that does not run. */
  readonly found: { readonly state: NodeState; readonly position: Position } | undefined;
}

export interface Survey {
  readonly voters: readonly number[];
  /** The container that leads now. */
  readonly leader: string | undefined;
  /** A majority of whole servers was given time, and elected nobody. */
  readonly gaveTime: boolean;
  readonly servers: readonly Surveyed[];
}

export type RecoverPlan =
  /** Nothing may be done: `reason` has the cause and the fix. */
  | { readonly kind: 'stop'; readonly reason: string }
  | {
      readonly kind: 'recover';
      readonly chosen: Surveyed;
      /** The others that run: they forget their group, and are added to the new one. */
      readonly others: readonly Surveyed[];
      /** Above every term of the old group. */
      readonly term: number;
    };

/** @param given the server that the person names; undefined when none was named yet */
export function planRecovery({ voters, leader, gaveTime, servers }: Survey, given: Surveyed | undefined): RecoverPlan {
  if (leader !== undefined) {
    return stop(`${leader} leads: what is lost is mended by itself, see npm run status; nothing was changed`);
  }
  const down = servers.filter(({ status }) => status !== 'running' && status !== 'missing');
  if (down.length > 0) {
    return stop(
      `${list(down)} ${down.length === 1 ? 'is' : 'are'} down, and may be all that is missing, or have the newest data: start ` +
        `${down.length === 1 ? 'it' : 'them'} first (npm start); one that cannot be started any more has to go: docker rm <container>`,
    );
  }
  const silent = servers.filter(({ status, found }) => status === 'running' && found === undefined);
  if (silent.length > 0) {
    return stop(`${list(silent)} cannot be asked how far its data goes; see npm run logs, then run this again`);
  }
  const whole = wholeVoters({ voters, servers });
  if (whole.length >= majority(voters.length) && !gaveTime) {
    return stop(
      `${list(whole)} have their data and their Raft state, and are a majority of ${voters.length}: they elect a leader by ` +
        'themselves; if they do not, npm run logs tells why',
    );
  }
  const newest = newestOf(servers);
  if (newest.length === 0) return stop('no server has whole data: restore a backup; nothing was changed');
  if (given === undefined || !newest.includes(given)) return stop(choice(given, newest));
  const others = servers.filter((server) => server !== given && server.found !== undefined);
  const term = Math.max(0, ...servers.map(({ found }) => found?.position.raftTerm ?? 0));
  return { kind: 'recover', chosen: given, others, term };
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
  return `data up to ${position.lsn} after the promotion of term ${position.term}, ${raft}`;
}

function isWhole({ state, position }: NonNullable<Surveyed['found']>): boolean {
  return position.data === 'whole' && state.raft === 'present' && !hasLostState(state);
}

/** R1: by the term of the last promotion, then by the LSN; several when they are equal. */
function newestOf(servers: readonly Surveyed[]): Surveyed[] {
  const usable = servers.filter(({ found }) => found?.position.data === 'whole' && found.position.lsn !== '');
  return usable.filter((one) => usable.every((other) => compare(one, other) >= 0));
}

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

function choice(given: Surveyed | undefined, newest: readonly Surveyed[]): string {
  const names = newest.map(({ name }) => name).join(' or ');
  const command = `npm run recover -- ${newest[0]?.name ?? ''}`;
  if (given === undefined) {
    return `nothing was changed. The newest data is that of ${names}; what only servers that are lost had is gone. To go on from there: ${command}`;
  }
  return `${given.name} has not the newest data, ${names} has: going on from ${given.name} would lose what was acknowledged; say ${command}`;
}

const stop = (reason: string): RecoverPlan => ({ kind: 'stop', reason });
const list = (servers: readonly Surveyed[]) => servers.map(({ container }) => container).join(', ');
