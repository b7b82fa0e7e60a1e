import { describe, expect, it } from 'vitest';
import { inTurn } from '../../faults/turns.js';

describe('what takes turns with a container', () => {
  const done: string[] = [];
  const work =
    (name: string, end: Promise<unknown> = Promise.resolve()) =>
    async () => {
      done.push(`${name} begins`);
      await end;
      done.push(`${name} ends`);
    };

  it('waits for what was there before with one of its containers, also when that fails, and for nothing else', async () => {
    let end: (error: Error) => void = () => undefined;
    const first = inTurn(['a', 'b'], work('first', new Promise((_, reject) => (end = reject))));
    const second = inTurn(['b'], work('second'));
    await inTurn(['c'], work('other'));
    expect(done).toEqual(['first begins', 'other begins', 'other ends']);
    end(new Error('it failed'));
    await expect(first).rejects.toThrow('it failed');
    await second;
    expect(done.slice(3)).toEqual(['second begins', 'second ends']);
  });
});
