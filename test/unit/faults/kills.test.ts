import { describe, expect, it } from 'vitest';
import { roundsOf } from '../../faults/kills/rounds.js';

describe('the rounds in which a deploy is killed', () => {
  it('are those of the seed', () => {
    expect(roundsOf(8)).toEqual(roundsOf(8));
    expect(roundsOf(8)).not.toEqual(roundsOf(9));
  });

  it('change something each time, beginning with what is there', () => {
    const contexts = roundsOf(8).map(({ context }) => JSON.stringify(context));
    expect(contexts).toHaveLength(30);
    for (const [index, context] of contexts.entries()) expect(context).not.toBe(contexts[index - 1]);
  });

  it.each(['a roll', '3 -> 5', '5 -> 3'])('kill terraform and cdktf in %s', (change) => {
    const victims = roundsOf(8).flatMap(({ about, victim }) => (about.startsWith(change) ? [victim] : []));
    expect(victims).toHaveLength(10);
    expect(victims).toContain('terraform');
    expect(victims).toContain('cdktf');
  });
});
