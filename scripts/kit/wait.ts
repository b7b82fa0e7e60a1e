import prettyMs from 'pretty-ms';
import { within, type Clock } from './clock.js';
import { messageOf, UserError } from './errors.js';

/** What one look found: the value waited for, or what was there instead. */
export type Look<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly seen: string };

export const found = <T>(value: T): Look<T> => ({ done: true, value });
export const notYet = (seen: string): Look<never> => ({ done: false, seen });

export interface WaitOptions {
  /** How long to wait at most, in milliseconds; a function may say more or less after each look. */
  readonly deadline: number | (() => number);
  /** Pause between two looks, in milliseconds; longer in a long wait. @default 75 */
  readonly every?: number;
  /** Milliseconds up to which the pause grows. @default 500 */
  readonly longestPause?: number;
  /** What the user can do when the deadline passes. */
  readonly fix: string;
  readonly clock: Clock;
  /** Hears what is seen: when it changes, and every five seconds while it does not. */
  readonly progress?: (line: string) => void;
}

/** Waits shorter than this are nobody's concern. */
const quietFor = 1_500;
const repeatAfter = 5_000;
/** Most looks are processes beside those that are waited for: pauses grow to this part of what was waited. */
const partOfWait = 1 / 10;
/** A look that began in time may take this much longer than the deadline. */
const grace = 2_000;

/**
 * Look until `probe` has found what is waited for.
 *
 * An error thrown by `probe` is what was seen, and the wait goes on; a UserError is final and thrown at once.
 *
 * @param what completes the sentence "waited 30s for ..."
 * @throws UserError with what was waited for, how long, the last thing seen and the fix
 */
export async function waitUntil<T>(what: string, probe: () => Promise<Look<T>>, options: WaitOptions): Promise<T> {
  const { clock, deadline, every = 75, longestPause = 500, progress } = options;
  const limit = typeof deadline === 'number' ? () => deadline : deadline;
  const start = clock.now();
  const tell = teller(what, start, progress);
  for (;;) {
    const left = Math.max(limit() - (clock.now() - start), 0);
    const look = await lookOnce(probe, left + grace);
    if (look.done) return look.value;
    const { seen } = look;
    const waited = clock.now() - start;
    if (waited >= limit()) {
      throw new UserError(`waited ${prettyMs(waited)} for ${what}; last seen: ${seen}; ${options.fix}`);
    }
    tell(seen, clock.now());
    const pause = Math.max(every, Math.min(waited * partOfWait, longestPause));
    await clock.sleep(Math.min(pause, limit() - waited));
  }
}

async function lookOnce<T>(probe: () => Promise<Look<T>>, limit: number): Promise<Look<T>> {
  try {
    return await within(limit, 'the probe', probe());
  } catch (error) {
    if (error instanceof UserError) throw error;
    return notYet(messageOf(error));
  }
}

function teller(what: string, start: number, progress: WaitOptions['progress']) {
  let told: { seen: string; at: number } | undefined;
  return (seen: string, now: number) => {
    if (progress === undefined || now - start < quietFor) return;
    if (told !== undefined && sameBut(told.seen, seen) && now - told.at < repeatAfter) return;
    if (told !== undefined && now - told.at < 1_000) return;
    told = { seen, at: now };
    progress(`waiting for ${what} (${prettyMs(now - start, { secondsDecimalDigits: 0 })}): ${seen}`);
  };
}

/** Whether only times in brackets differ, such as "(36s)". */
function sameBut(one: string, other: string): boolean {
  const timeless = (text: string) => text.replaceAll(/\([\d.]+ ?(ms|s|m|h|d)\b[^)]*\)/g, '');
  return timeless(one) === timeless(other);
}
