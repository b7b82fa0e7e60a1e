import { describe, expect, it } from 'vitest';
import { defaults, minimum, patroniConfiguration, setUp } from '../../../bench/peers/patroni/settings.js';

describe('what Patroni is told', () => {
  it.each([
    ['the defaults', defaults],
    ['the minimum', minimum],
  ])('%s are times that Patroni takes', (_, { ttl, loop_wait, retry_timeout }) => {
    expect(loop_wait + 2 * retry_timeout).toBeLessThanOrEqual(ttl);
    expect([ttl >= 20, loop_wait >= 1, retry_timeout >= 3]).toEqual([true, true, true]);
  });

  it('lets no commit be acknowledged by the primary alone, as ours does not', () => {
    const { bootstrap, etcd3 } = patroniConfiguration('a', 1, ['a', 'b', 'c'], minimum);
    expect(bootstrap.dcs).toMatchObject({ ...minimum, synchronous_mode: 'quorum', synchronous_mode_strict: true });
    expect(etcd3.hosts).toEqual(['a:2379', 'b:2379', 'c:2379']);
  });

  it('has a password as SQL has it', () => {
    expect(setUp[0]).toBe(`CREATE ROLE app LOGIN PASSWORD 'app'';--\\'`);
  });
});
