import { describe, expect, it } from 'vitest';
import type { ClusterView } from '../../../scripts/live/view.js';
import { settle } from '../../../scripts/steps/settle.js';
import { fakeClock, healthyView, state, withNode } from './fakes.js';

const minute = 60_000;
const silent = { accepting: false, problem: 'starting' } as const;

/** Node 2 without PostgreSQL, in a phase of its entry point. */
const inPhase = (phase: 'cloning' | 'rejoining' | 'waiting') =>
  withNode(healthyView(3), 2, {
    postgres: silent,
    raft: { available: false, problem: 'starting' },
    entryPoint: { asked: true, state: state({ phase, message: 'as the test says' }) },
  });

/** The cluster is what `at` says for the time since the beginning; resolves to how long it took. */
async function settled(at: (ms: number) => ClusterView): Promise<number> {
  const clock = fakeClock();
  const start = clock.now();
  const slow = { now: () => clock.now(), sleep: async () => clock.sleep(5_000) };
  await settle(() => Promise.resolve(at(clock.now() - start)), slow);
  return clock.now() - start;
}

describe('settle', () => {
  it.each(['cloning', 'rejoining'] as const)('has an hour while a server is %s', async (phase) => {
    const took = settled((ms) => (ms < 50 * minute ? inPhase(phase) : healthyView(3)));
    await expect(took).resolves.toBeGreaterThanOrEqual(50 * minute);
  });

  it('has two minutes more after the copy: the server has to start and to be added', async () => {
    const took = settled((ms) =>
      ms < 10 * minute ? inPhase('cloning') : ms < 11.5 * minute ? inPhase('waiting') : healthyView(3),
    );
    await expect(took).resolves.toBeGreaterThanOrEqual(11.5 * minute);
    const late = settled((ms) => (ms < 10 * minute ? inPhase('cloning') : inPhase('waiting')));
    await expect(late).rejects.toThrow(/waited 1[12]m.* for a healthy cluster; last seen: .*waiting: as the test says/);
  });

  it('ends after two minutes when nobody copies', async () => {
    await expect(settled(() => inPhase('waiting'))).rejects.toThrow(/waited 2m.* for a healthy cluster/);
  });

  it('ends after an hour whatever is copied', async () => {
    await expect(settled(() => inPhase('cloning'))).rejects.toThrow(/waited 1h.* last seen: .*cloning/);
  });

  it('stops plainly where nothing is left', async () => {
    const clock = fakeClock();
    await expect(settle(() => Promise.resolve(undefined), clock)).rejects.toThrow('left no container');
  });
});
