import { systemClock } from '../../scripts/kit/clock.js';
import { found, notYet, waitUntil } from '../../scripts/kit/wait.js';

const probeLimit = 400;

/**
 * Look until what is seen is accepted.
 *
 * @param what completes the sentence "waited 3s for ..."
 * @param deadline in milliseconds
 * @returns what was accepted
 * @throws Error with what was last seen
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  accepts: (seen: T) => boolean,
  deadline: number,
): Promise<T> {
  const probe = async () => {
    const seen = await look();
    return accepts(seen) ? found(seen) : notYet(shown(seen));
  };
  const fix = "read the servers' logs";
  return waitUntil(what, probe, { deadline, fix, clock: systemClock });
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > probeLimit ? `…${text.slice(-probeLimit)}` : text;
}
