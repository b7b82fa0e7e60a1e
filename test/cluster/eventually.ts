/** Waits of the tests: a sentence, a deadline, and the last thing seen when it passes. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Look again and again until `probe` gives something other than undefined or false.
 *
 * @param what completes "... did not happen within"
 * @param milliseconds counted from the call
 * @returns what the probe gave, and how long it took
 */
export async function eventually<T>(
  what: string,
  milliseconds: number,
  probe: () => Promise<T | undefined | false>,
): Promise<{ value: T; took: number }> {
  const start = performance.now();
  for (;;) {
    let seen: string;
    try {
      const value = await probe();
      const took = Math.round(performance.now() - start);
      // found, but too late, is too late
      if (value !== undefined && value !== false && took <= milliseconds) return { value, took };
      seen = JSON.stringify(value);
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() - start >= milliseconds) {
      throw new Error(`${what}: not within ${milliseconds} ms; last seen: ${seen}`);
    }
    await sleep(50);
  }
}
