import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { docker } from '../../../support/node-container.js';
import { RecordedSession } from '../recorded-session.js';
import type { Server, ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';
import { successor } from './terms.js';

const notAccepted = '57P03';
const insert = 'INSERT INTO leased DEFAULT VALUES';

interface Refusal {
  readonly code?: string;
  readonly detail?: string;
}

/** R15: without its lease a primary accepts no commit, also in a session that waits for nobody. */
export function lease(group: () => ServerGroup): void {
  const refusal = async (session: RecordedSession, text: string): Promise<Refusal | undefined> =>
    session.simple(text).then(
      () => undefined,
      (error: unknown) => error as Refusal,
    );

  /** Only what sits in the sessions keeps this server from committing: nothing is there to stop it. */
  function stopRoleWorker(server: Server): { resume(): void } {
    const worker = server.workerPid('role');
    server.exec(['kill', '-STOP', worker]);
    return { resume: () => server.attempt(['kill', '-CONT', worker]) };
  }

  describe('R15: a primary whose lease has run out, and whose role worker stands still', () => {
    it('refuses commits, with the cause, when its consensus worker stands still too; later it is a standby', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      await primary.query('CREATE TABLE IF NOT EXISTS leased (id serial PRIMARY KEY)');
      const session = await RecordedSession.open(primary);
      // a commit that hangs must not let the test hang
      await session.simple("SET statement_timeout = '5s'");
      const role = stopRoleWorker(primary);
      const worker = primary.workerPid('consensus');
      primary.exec(['kill', '-STOP', worker]);
      try {
        const refused = await eventually(
          'a refusal',
          () => refusal(session, insert),
          (seen) => seen !== undefined,
          5_000,
        );
        expect(refused?.code).toBe(notAccepted);
        expect(refused?.detail).toContain('its lease has run out');
        const next = await successor(standbys, 20_000);
        await next.query('INSERT INTO leased VALUES (-15)');
        expect(await refusal(session, insert)).toMatchObject({ code: notAccepted });
      } finally {
        primary.attempt(['kill', '-CONT', worker]);
        role.resume();
      }
      const after = await serving(group(), 40_000);
      expect(after.standbys).toContain(primary);
      expect(await primary.value('SELECT count(*) FROM leased WHERE id = -15')).toBe(1);
      await session.end();
    });

    it('refuses what was sent to it while it was paused for longer than every timeout', async () => {
      const { primary, standbys } = await serving(group(), 30_000);
      await primary.query('CREATE TABLE IF NOT EXISTS leased (id serial PRIMARY KEY)');
      const session = await RecordedSession.open(primary);
      await session.simple('SET synchronous_commit = off');
      const role = stopRoleWorker(primary);
      docker(['pause', primary.hostname]);
      try {
        await successor(standbys, 20_000);
        const outcome = refusal(session, 'INSERT INTO leased VALUES (-16)');
        docker(['unpause', primary.hostname]);
        expect(await outcome).toMatchObject({ code: notAccepted });
      } finally {
        if (primary.inspect('{{.State.Paused}}') === 'true') docker(['unpause', primary.hostname]);
        role.resume();
      }
      const after = await serving(group(), 40_000);
      expect(await after.primary.value('SELECT count(*) FROM leased WHERE id = -16')).toBe(0);
      await session.end();
    });
  });
}
