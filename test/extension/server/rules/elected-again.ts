import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { RecordedSession } from '../recorded-session.js';
import type { ServerGroup } from '../server-group.js';

const notAccepted = '57P03';

/** R17, for a group of one, which always elects the same server again. */
export function electedAgain(group: () => ServerGroup): void {
  describe('R17: a primary that is deposed, and elected again at once', () => {
    it('accepts no commit under its old promotion, and restarts to be promoted anew', async () => {
      const server = group().primary;
      const { promotion_term } = await server.shows({ role: 'primary', writable: true }, 20_000);
      await server.query('CREATE TABLE IF NOT EXISTS again (id serial PRIMARY KEY)');
      const session = await RecordedSession.open(server);
      const postmaster = server.postmasterPid();
      const role = server.workerPid('role');
      server.exec(['kill', '-STOP', role]);
      try {
        server.exec(['kill', '-TERM', server.workerPid('consensus')]);
        const elected = async () => {
          const { state, current_term } = await server.status();
          return state === 'leader' && current_term > (promotion_term ?? 0);
        };
        await eventually('the server to lead a newer term', elected, (seen) => seen, 15_000);
        await expect(session.simple('INSERT INTO again DEFAULT VALUES')).rejects.toMatchObject({ code: notAccepted });
        expect(server.postmasterPid()).toBe(postmaster);
      } finally {
        server.attempt(['kill', '-CONT', role]);
      }

      const look = async () => (await server.status().catch(() => undefined))?.promotion_term ?? 0;
      await eventually('a new promotion', look, (term) => term > (promotion_term ?? 0), 20_000);
      expect(server.postmasterPid()).not.toBe(postmaster);
      await server.query('INSERT INTO again DEFAULT VALUES');
      await session.end();
    });
  });
}
