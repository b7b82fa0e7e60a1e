import { describe, expect, it } from 'vitest';
import { within } from '../../../scripts/kit/clock.js';
import { UserError } from '../../../scripts/kit/errors.js';
import { found, notYet, waitUntil } from '../../../scripts/kit/wait.js';
import { fakeClock } from './fakes.js';

const fix = 'look at the server';

describe('waitUntil', () => {
  it('gives the value as soon as a look finds it', async () => {
    const clock = fakeClock();
    let looks = 0;
    const probe = () => Promise.resolve(++looks < 3 ? notYet('starting') : found('leader'));

    await expect(waitUntil('a leader', probe, { deadline: 5_000, every: 50, fix, clock })).resolves.toBe('leader');
    expect(clock.slept).toEqual([50, 50]);
  });

  it('looks less often the longer it takes: a tenth of the time later, up to half a second', async () => {
    const clock = fakeClock();
    const probe = () => Promise.resolve(clock.now() < 7_000 ? notYet('starting') : found('leader'));
    const begun = clock.now();
    await waitUntil('a leader', probe, { deadline: 10_000, every: 75, fix, clock });
    expect(clock.slept.slice(0, 3)).toEqual([75, 75, 75]);
    expect(Math.max(...clock.slept)).toBe(500);
    expect(clock.slept.length).toBeLessThan(40);
    expect(clock.now() - begun).toBeLessThan(7_500);
  });

  it('says what it waited for, how long, the last thing seen and the fix when the deadline passes', async () => {
    const clock = fakeClock();
    let looks = 0;
    const probe = () => Promise.resolve(notYet(`look ${++looks}`));

    const wait = waitUntil('a leader', probe, { deadline: 1_000, every: 250, fix, clock });

    await expect(wait).rejects.toThrow(new UserError('waited 1s for a leader; last seen: look 5; look at the server'));
  });

  it('takes an error of a look for what was seen, and goes on', async () => {
    const clock = fakeClock();
    let looks = 0;
    const probe = () =>
      ++looks === 1 ? Promise.reject(new Error('connection refused')) : Promise.resolve(found(looks));
    await expect(waitUntil('it', probe, { deadline: 1_000, fix, clock })).resolves.toBe(2);

    const never = () => Promise.reject(new Error('connection\nrefused'));
    await expect(waitUntil('it', never, { deadline: 200, fix, clock })).rejects.toThrow(
      'last seen: connection; refused; look at the server',
    );
  });

  it('stops at once at an error that waiting cannot mend', async () => {
    const clock = fakeClock();
    const probe = () => Promise.reject(new UserError('the volume is lost'));
    await expect(waitUntil('it', probe, { deadline: 60_000, fix, clock })).rejects.toThrow('the volume is lost');
    expect(clock.slept).toEqual([]);
  });

  it('tells what is seen when it changes and every five seconds while it does not', async () => {
    const clock = fakeClock();
    const told: string[] = [];
    const probe = () => {
      const now = clock.now();
      return Promise.resolve(
        now < 9_000 ? notYet(`cloning (${now} ms)`) : now < 12_000 ? notYet('starting') : found(1),
      );
    };
    await waitUntil('a copy', probe, {
      deadline: 60_000,
      every: 500,
      fix,
      clock,
      progress: (line) => told.push(line),
    });
    expect(told).toEqual([
      'waiting for a copy (1s): cloning (2500 ms)',
      'waiting for a copy (6s): cloning (7500 ms)',
      'waiting for a copy (8s): starting',
    ]);
  });
});

describe('within', () => {
  it('gives up on work that hangs and says what did not answer', async () => {
    await expect(within(20, 'PostgreSQL', new Promise(() => undefined))).rejects.toThrow(
      'PostgreSQL did not answer within 20 ms',
    );
  });

  it('passes on the value and the error of work that is in time', async () => {
    await expect(within(1_000, 'it', Promise.resolve(7))).resolves.toBe(7);
    await expect(within(1_000, 'it', Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
