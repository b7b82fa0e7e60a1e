import { describe, expect, it } from 'vitest';
import { blockLength, describeRound, roundOf } from '../../faults/campaign/schedule.js';

const numbers = Array.from({ length: 4 * blockLength }, (_, index) => index + 1);
const rounds = (seed: number) => numbers.map((number) => roundOf(seed, number));

describe('the rounds of a fault campaign', () => {
  it('are the same for the same seed, each also alone, and others for another seed', () => {
    expect(rounds(7)).toEqual(rounds(7));
    expect(roundOf(7, 12)).toEqual(rounds(7)[11]);
    expect(rounds(8)).not.toEqual(rounds(7));
  });

  it('break a minority, or all servers', () => {
    for (const { nodes, victims, steps, all } of [1, 2, 3, 4].flatMap(rounds)) {
      expect(new Set(victims).size).toBe(victims.length);
      expect(Math.max(...victims)).toBeLessThan(nodes);
      if (all !== undefined) {
        expect(victims).toHaveLength(nodes);
        continue;
      }
      expect(victims.length).toBeLessThan(nodes / 2);
      expect(steps.length).toBeGreaterThan(0);
      for (const { victim } of steps) expect(victim).toBeLessThan(victims.length);
    }
  });

  it('use every verb, and a cluster of five in every fourth block', () => {
    const all = [1, 2, 3, 4].flatMap(rounds);
    const verbs = new Set(all.flatMap(({ steps }) => steps.map(({ act }) => act.verb)));
    expect([...verbs].sort()).toEqual([
      ...['disconnect', 'kill', 'killProcess', 'partition', 'pause', 'restart', 'stop', 'stopProcess'],
    ]);
    expect(rounds(1).map(({ nodes }) => nodes)).toEqual(numbers.map((number) => (number > 3 * blockLength ? 5 : 3)));
  });

  it('read as a line each', () => {
    for (const round of rounds(1)) expect(describeRound(round)).toMatch(/^round \d+, [35] servers: \S.*$/);
  });
});
