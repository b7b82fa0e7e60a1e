import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../scripts/kit/errors.js';
import { orInterrupted, stoppableClock, unlessAborted, withWishes } from '../../../scripts/kit/stoppable.js';
import { fakeClock } from './fakes.js';

const never = new Promise<void>(() => undefined);

describe('withWishes', () => {
  it('hears the first signal as the wish to end', async () => {
    const source = new EventEmitter();
    await withWishes(async ({ end, insist }) => {
      expect(end.aborted).toBe(false);
      source.emit('SIGTERM', 'SIGTERM');
      expect(end.reason).toBeInstanceOf(InterruptedError);
      expect(end.reason).toMatchObject({ signal: 'SIGTERM' });
      expect(insist.aborted).toBe(false);
      return Promise.resolve();
    }, source);
  });

  it('takes one that comes within a second for the same wish, and a later one for another', async () => {
    const source = new EventEmitter();
    let now = 5_000;
    const press = (at: number) => {
      now = at;
      source.emit('SIGINT', 'SIGINT');
    };
    await withWishes(
      async ({ insist }) => {
        press(5_000);
        press(5_900);
        expect(insist.aborted).toBe(false);
        press(6_000);
        expect(insist.aborted).toBe(true);
        return Promise.resolve();
      },
      source,
      () => now,
    );
  });

  it('leaves signals alone afterwards, also when the work fails', async () => {
    const source = new EventEmitter();
    await expect(withWishes(async () => Promise.reject(new Error('no')), source)).rejects.toThrow('no');
    expect(source.eventNames()).toEqual([]);
  });
});

describe('unlessAborted', () => {
  it('gives what the work gives', async () => {
    expect(await unlessAborted(new AbortController().signal, Promise.resolve(1))).toBe(1);
  });
  it('throws the reason at once, before and during the work', async () => {
    await expect(unlessAborted(AbortSignal.abort(new Error('before')), never)).rejects.toThrow('before');
    const controller = new AbortController();
    const waiting = unlessAborted(controller.signal, never);
    controller.abort(new Error('during'));
    await expect(waiting).rejects.toThrow('during');
  });
});

describe('stoppableClock', () => {
  it('sleeps as the other one until it is stopped', async () => {
    const controller = new AbortController();
    const slow = { ...fakeClock(), sleep: async (ms: number) => (ms === 1 ? Promise.resolve() : never) };
    const clock = stoppableClock(slow, controller.signal);
    await clock.sleep(1);
    const sleeping = clock.sleep(1_000);
    controller.abort(new Error('stopped'));
    await expect(sleeping).rejects.toThrow('stopped');
  });
});

describe('orInterrupted', () => {
  const failing = Promise.reject(new Error('docker was ended by SIGINT'));
  failing.catch(() => undefined);

  it('takes an error for the interruption once that has come, and for itself before', async () => {
    const end = new AbortController();
    await expect(orInterrupted(end.signal, failing)).rejects.toThrow('docker was ended by SIGINT');
    end.abort(new Error('interrupted'));
    await expect(orInterrupted(end.signal, failing)).rejects.toThrow('interrupted');
  });
});
