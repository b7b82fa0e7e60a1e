import { setTimeout as sleep } from 'node:timers/promises';

/** Time as an argument, so that waits are tested without waiting. */
export interface Clock {
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms) => {
    await sleep(ms);
  },
};

/**
 * Give `work` at most `ms` milliseconds. The work itself is not stopped: whoever starts it gives it its own deadline too.
 *
 * @throws Error saying that `what` did not answer
 */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = sleep(ms, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`${what} did not answer within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    controller.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}
