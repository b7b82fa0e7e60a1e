import { systemClock } from '../../scripts/kit/clock.js';
import { found, notYet, waitUntil } from '../../scripts/kit/wait.js';

const probeLimit = 400;
/** Milliseconds, where what is looked for must not be found late. */
export const closely = 75;

/**
 * Look until what is seen is accepted.
 *
 * @param what completes the sentence "waited 3s for ..."
 * @param deadline in milliseconds
 * @param longestPause between two looks, in milliseconds; it grows with the wait @default 500
 * @returns what was accepted
 * @throws Error with what was last seen
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  accepts: (seen: T) => boolean,
  deadline: number,
  longestPause?: number,
): Promise<T> {
  const probe = async () => {
    const seen = await look();
    return accepts(seen) ? found(seen) : notYet(shown(seen));
  };
  const fix = "read the servers' logs";
  return waitUntil(what, probe, { deadline, fix, clock: systemClock, ...(longestPause && { longestPause }) });
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > probeLimit ? `…${text.slice(-probeLimit)}` : text;
}

/**
 * Look until `probe` gives something other than undefined or false, for what has to happen fast: found too late is not found.
 *
 * @param what completes the sentence "waited 3s for ..."
 * @param milliseconds counted from the call
 * @returns what the probe gave, and after how many milliseconds
 * @throws Error with what was last seen
 */
export async function happensWithin<T>(
  what: string,
  milliseconds: number,
  probe: () => Promise<T | undefined | false>,
): Promise<{ value: T; took: number }> {
  const start = performance.now();
  const look = async () => {
    const value = await probe();
    const took = Math.round(performance.now() - start);
    return value === undefined || value === false ? undefined : { value, took };
  };
  const inTime = (seen: Awaited<ReturnType<typeof look>>) => seen !== undefined && seen.took <= milliseconds;
  const seen = await eventually(what, look, inTime, milliseconds, closely);
  if (seen === undefined) throw new Error(`${what}: accepted without having been seen`);
  return seen;
}
