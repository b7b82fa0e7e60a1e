import { describe, expect, it } from 'vitest';
import { losses } from '../../faults/verbs/losses.js';
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
    for (const { nodes, victims, steps, loss, all } of [1, 2, 3, 4].flatMap(rounds)) {
      expect(new Set(victims).size).toBe(victims.length);
      expect(Math.max(...victims)).toBeLessThan(nodes);
      if (all !== undefined) {
        expect(victims).toHaveLength(nodes);
        expect(loss).toBeUndefined();
        continue;
      }
      expect(victims.length).toBeLessThan(nodes / 2);
      if (loss === undefined) expect(steps.length).toBeGreaterThan(0);
      for (const { victim } of steps) expect(victim).toBeLessThan(victims.length);
    }
  });

  it('break no server beside one that has lost its state', () => {
    const lossy = [1, 2, 3, 4].flatMap(rounds).filter(({ loss }) => loss !== undefined);
    expect(new Set(lossy.map(({ nodes }) => nodes))).toEqual(new Set([3, 5]));
    for (const { victims } of lossy) expect(victims).toHaveLength(1);
  });

  it('ask any server of the cluster for a removal', () => {
    const all = [1, 2, 3, 4].flatMap(rounds);
    const changes = all.flatMap(({ nodes, steps }) => steps.map(({ act }) => ({ nodes, act })));
    const asked = changes.flatMap(({ nodes, act }) =>
      act.verb === 'removeAndAdd' ? [{ nodes, asked: act.asked }] : [],
    );
    for (const { nodes, asked: position } of asked) expect(position).toBeLessThan(nodes);
    expect(new Set(asked.map(({ asked: position }) => position))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('use every verb and every loss, and a cluster of five in every fourth block', () => {
    const all = [1, 2, 3, 4].flatMap(rounds);
    const verbs = new Set(all.flatMap(({ steps }) => steps.map(({ act }) => act.verb)));
    expect([...verbs].sort()).toEqual([
      ...['disconnect', 'fillDisk', 'kill', 'killProcess', 'partition', 'pause', 'removeAndAdd', 'restart', 'stop'],
      'stopProcess',
    ]);
    expect(new Set(all.flatMap(({ loss }) => loss?.what ?? []))).toEqual(new Set(losses));
    expect(rounds(1).map(({ nodes }) => nodes)).toEqual(numbers.map((number) => (number > 3 * blockLength ? 5 : 3)));
  });

  it('read as a line each', () => {
    for (const round of rounds(1)) expect(describeRound(round)).toMatch(/^round \d+, [35] servers: \S.*$/);
  });
});
