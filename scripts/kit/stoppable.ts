/** Ctrl-C while a command waits: the wait ends at once, and whoever began it says how things stand. */
import type { Clock } from './clock.js';
import { InterruptedError } from './errors.js';
import type { SignalSource } from './interruption.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on the signal that the terminal gave us already: so soon after the first it is no second wish. */
const sameWish = 1_000;

/** What a person at the terminal has asked for; each is aborted with an InterruptedError. */
export interface Wishes {
  /** To end, once. */
  readonly end: AbortSignal;
  /** To end although what is under way has not been finished: asked again. */
  readonly insist: AbortSignal;
}

/** Nobody will ask. */
export const noWishes: Wishes = { end: new AbortController().signal, insist: new AbortController().signal };

/** Run `work`, and hear meanwhile what the person wants. */
export async function withWishes<T>(
  work: (wishes: Wishes) => Promise<T>,
  source: SignalSource = process,
  now = () => performance.now(),
): Promise<T> {
  const end = new AbortController();
  const insist = new AbortController();
  let first = 0;
  const listener = (name: NodeJS.Signals) => {
    if (!end.signal.aborted) {
      first = now();
      end.abort(new InterruptedError(name, 'interrupted'));
    } else if (now() - first >= sameWish) insist.abort(new InterruptedError(name, 'interrupted'));
  };
  for (const name of signals) source.on(name, listener);
  try {
    return await work({ end: end.signal, insist: insist.signal });
  } finally {
    for (const name of signals) source.off(name, listener);
  }
}

/** A clock on which nobody sleeps any more once `signal` is aborted: waits throw its reason. */
export function stoppableClock(clock: Clock, signal: AbortSignal): Clock {
  const sleep = async (ms: number) => {
    signal.throwIfAborted();
    return unlessAborted(signal, clock.sleep(ms));
  };
  return { now: () => clock.now(), sleep };
}

/** What `work` gives, or the reason of `signal`, whichever comes first. The work itself goes on. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const give = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort();
    work.catch(() => undefined);
  }
}

/** What `work` gives. Once `signal` is aborted, its errors are the interruption: at a terminal, programs that it runs hear Ctrl-C too. */
export async function orInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // one that is an interruption already says how things stand
    if (signal.aborted && !(error instanceof InterruptedError)) throw signal.reason as Error;
    throw error;
  }
}
