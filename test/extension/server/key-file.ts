import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../scripts/steps/rotate-key.js';
import { eventually } from '../../support/eventually.js';
import { secrets } from '../../support/node-container.js';
import type { Server, ServerGroup } from './server-group.js';

const file = '/var/lib/postgresql/cluster/raft.key';
const old = secrets.raft_key;
const next = 'b'.repeat(64);
const lines = (keys: readonly string[]) => keys.map((key) => `${key}\n`).join('');

/** The key file is read again while the server runs. */
export function keyFile(group: () => ServerGroup): void {
  const server = () => group().servers[2] as Server;
  const fingerprints = () =>
    server().value("SELECT array_to_string(key_fingerprints, ' ') FROM pgraft_log_get_stats()");
  const holds = async (...keys: string[]) => {
    const wanted = keys.map(fingerprintOf).join(' ');
    await eventually(`the keys ${wanted}`, fingerprints, (seen) => seen === wanted, 5_000);
  };

  describe('the key file of a running server', () => {
    it.each([[[old, next]], [[next, old]], [[old, next]], [[old]]])(
      'is read again when pgraft-node raft-key has written it, worker and leader stay',
      async (keys) => {
        const pid = server().workerPid('consensus');
        server().exec(['pgraft-node', 'raft-key'], lines(keys));
        await holds(...keys);
        expect(server().workerPid('consensus')).toBe(pid);
        await group().write();
        await group().healthy(3_000);
      },
    );

    it.each([
      ['not hex', 'secret!\n', 'line 1 is no key of 16 to 64 bytes in lower-case hex'],
      ['empty', '', 'there is no key in it'],
    ])('that is %s is told of, not quoted, and the key that was in use is kept', async (_, text, why) => {
      const logged = server().log().length;
      server().exec(['sh', '-c', `cat > ${file}`], text);
      try {
        await server().value('SELECT pg_reload_conf()');
        await server().logs(`pgraft: could not use the key file "${file}": ${why}`, logged);
        expect(server().log().slice(logged)).not.toContain('secret!');
        await holds(old);
        await group().healthy(3_000);
      } finally {
        server().exec(['sh', '-c', `cat > ${file}`], lines([old]));
      }
    });
  });
}
