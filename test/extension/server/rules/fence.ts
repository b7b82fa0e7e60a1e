import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { RecordedSession } from '../recorded-session.js';
import { data, type Server, type ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';

/** R17: a deposed primary, and one that was promoted by hand, stop at once, and restart as standbys. */
export function fence(group: () => ServerGroup): void {
  it('R17: a deposed primary is shut down at once, without a checkpoint, and restarts in recovery', async () => {
    const { primary } = await serving(group(), 30_000);
    const worker = primary.workerPid('consensus');
    const logged = primary.log().length;
    const since = () => primary.log().slice(logged);
    primary.exec(['kill', '-STOP', worker]);
    await eventually('a restart in recovery', since, (log) => log.includes('entering standby mode'), 20_000);
    expect(since()).toContain('received immediate shutdown request');
    expect(since()).not.toContain('shutdown checkpoint');
    await serving(group(), 40_000);
  });

  describe('R17: a standby that is promoted by hand commits nothing, stops, and is cloned from the primary, after', () => {
    it.each<[string, (standby: Server) => void]>([
      ['pg_promote()', (standby) => standby.sql('SELECT pg_promote(false)')],
      ['pg_ctl promote', (standby) => standby.exec(['pg_ctl', 'promote', '--no-wait', '--pgdata', data])],
    ])('%s', async (_, promote) => {
      const { primary, standbys } = await serving(group(), 30_000);
      const [standby] = standbys as [Server];
      await primary.query('CREATE TABLE IF NOT EXISTS by_hand (id serial PRIMARY KEY)');
      await serving(group(), 10_000);
      const { promotion_term } = await primary.status();
      const session = await RecordedSession.open(standby);
      await session.simple('SET synchronous_commit = off');
      const logged = standby.log().length;
      promote(standby);

      expect(await committedUntilItEnds(session)).toBe(0);
      await standby.logs('it was promoted by hand: its data has to be cloned anew', logged);
      await standby.logs('received immediate shutdown request', logged);
      await standby.logs('the data is whole again, taken from', logged, 40_000);
      const after = await serving(group(), 40_000);
      expect(after.primary).toBe(primary);
      expect((await primary.status()).promotion_term).toBe(promotion_term);
      expect(standby.chain()).toBe(primary.chain());
      expect(await standby.value('SELECT count(*) FROM by_hand')).toBe(0);
    });
  });
}

/** Tries to commit, one row after the other, until the server ends the session; how many it has acknowledged. */
async function committedUntilItEnds(session: RecordedSession): Promise<number> {
  let committed = 0;
  const attempt = async () => {
    try {
      await session.simple('INSERT INTO by_hand DEFAULT VALUES');
      committed += 1;
      return 'committed';
    } catch (error) {
      return (error as { severity?: string }).severity ?? 'ended';
    }
  };
  await eventually('the session to be ended', attempt, (outcome) => outcome !== 'ERROR', 20_000);
  await session.end();
  return committed;
}
