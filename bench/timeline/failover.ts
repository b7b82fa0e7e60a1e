/** One failover as the clocks of servers, engine and client have it. Pure. */
import type { LogLine } from './log-lines.js';
import { steps, type Actor, type Election } from './steps.js';

/** A server that is alive afterwards. */
export interface Survivor {
  readonly name: string;
  readonly node: number;
  readonly lines: readonly LogLine[];
}

/** Milliseconds since 1970. */
export interface Marks {
  /** The driver has called `docker kill`. */
  readonly called: number;
  /** Docker's own time of its event; undefined when there was none. */
  readonly killed: number | undefined;
  readonly lastAcknowledged: number;
  readonly firstAcknowledged: number;
}

export interface Moment {
  readonly what: string;
  readonly by: Actor;
  /** Which server; undefined for Docker and the client. */
  readonly server: string | undefined;
  /** Milliseconds after the last acknowledged write; undefined: not seen. */
  readonly at: number | undefined;
}

export interface Failover {
  /** The term of the new primary, and how many began. */
  readonly term: number;
  readonly terms: number;
  /** Milliseconds from the last acknowledged write to the first. */
  readonly gap: number;
  /** What was seen in its order, then what was not. */
  readonly moments: readonly Moment[];
}

const promoted = /commits are accepted, promotion of term (\d+),/;

/** @param term newest one before the failover @throws Error when no survivor has become the primary */
export function readFailover(survivors: readonly Survivor[], marks: Marks, term: number): Failover {
  // the client's time of an acknowledgement may be later than the server's of its own end
  const logs = survivors.map((one) => ({
    ...one,
    lines: one.lines.filter(({ at }) => at >= Math.floor(marks.called)),
  }));
  const found = logs.map(({ lines }) => Number(firstMatch(lines, promoted)?.[1] ?? 0));
  const newTerm = Math.max(...found);
  const winner = logs[found.indexOf(newTerm)];
  if (newTerm <= term || winner === undefined) {
    throw new Error(`no log says "commits are accepted" after term ${term}: nobody was promoted`);
  }
  const timeline = firstMatch(winner.lines, /selected new timeline ID: (\d+)/)?.[1];
  const election = {
    term: newTerm,
    node: winner.node,
    timeline: timeline === undefined ? undefined : Number(timeline),
  };
  const seen = [...marked(marks), ...logs.flatMap((log) => ofServer(log, log === winner, election))];
  const relative = seen.map((moment) => ({
    ...moment,
    at: moment.at === undefined ? undefined : moment.at - marks.lastAcknowledged,
  }));
  return {
    term: newTerm,
    terms: newTerm - term,
    gap: marks.firstAcknowledged - marks.lastAcknowledged,
    // a sort that keeps what came at the same time in the order of the steps
    moments: relative.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity) || 0),
  };
}

/** Of several failovers the one of median length; of an even number the shorter of the two in the middle. */
export function typical(failovers: readonly Failover[]): Failover {
  const sorted = [...failovers].sort((a, b) => a.gap - b.gap);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('there was no failover');
  return middle;
}

/** When each kind of moment was, in every failover that had it; in the order of `first`. */
export function series(first: Failover, failovers: readonly Failover[]): { what: string; values: number[] }[] {
  const key = ({ by, what }: Moment) => `${by} ${what}`;
  const names = new Set([first, ...failovers].flatMap(({ moments }) => moments.map(key)));
  return [...names].flatMap((what) => {
    const same = failovers.flatMap(({ moments }) => moments.filter((moment) => key(moment) === what));
    const values = same.flatMap(({ at }) => (at === undefined ? [] : [at]));
    return values.length === 0 ? [] : [{ what, values }];
  });
}

function marked(marks: Marks): Moment[] {
  const server = undefined;
  return [
    { what: 'kill is called', by: 'docker', server, at: marks.called },
    { what: 'has sent the signal', by: 'docker', server, at: marks.killed },
    { what: 'has its last acknowledged write', by: 'client', server, at: marks.lastAcknowledged },
    { what: 'has its first acknowledged write', by: 'client', server, at: marks.firstAcknowledged },
  ];
}

function ofServer({ name, lines }: Survivor, won: boolean, election: Election): Moment[] {
  const by = won ? 'new primary' : 'other standby';
  return steps
    .filter((step) => step.by.includes(by))
    .map((step) => {
      const pattern = step.line(election);
      return { what: step.what, by, server: name, at: lines.find(({ text }) => pattern.test(text))?.at };
    });
}

function firstMatch(lines: readonly LogLine[], pattern: RegExp): RegExpExecArray | undefined {
  for (const { text } of lines) {
    const match = pattern.exec(text);
    if (match !== null) return match;
  }
  return undefined;
}
