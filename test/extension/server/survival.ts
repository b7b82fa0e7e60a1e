import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import type { Server, ServerGroup } from './server-group.js';
import { healthy, links, type Serving } from './serving.js';

type Place = 'primary' | 'first standby' | 'second standby';
type Victim = (server: Server) => string | Promise<string>;

const recovery = 20_000;

/** How often PostgreSQL was started in this container. */
const countStarts = (server: Server) => server.log().match(/starting PostgreSQL 17/g)?.length ?? 0;
/** How often its data was rewound or cloned, each time before one more start. */
const countRejoins = (server: Server) => server.log().match(/the data is whole again, taken from/g)?.length ?? 0;

/** The Raft state, the data and the acknowledged rows outlive what happens to processes and containers. */
export function survival(group: () => ServerGroup): void {
  const server = ({ primary, standbys }: Serving, place: Place) =>
    place === 'primary' ? primary : (standbys[place === 'first standby' ? 0 : 1] as Server);

  /** A server that was taken down comes back by one start, and one more for each time that its data had to be made to fit. */
  async function startsOnce(target: Server, takeDown: () => Promise<void>): Promise<Serving> {
    const started = countStarts(target);
    const rejoined = countRejoins(target);
    await takeDown();
    await eventually(
      'a new start',
      () => countStarts(target),
      (count) => count > started,
      10_000,
    );
    await group().write((await healthy(group(), recovery)).primary);
    const after = await healthy(group(), 5_000);
    expect(countStarts(target) - started).toBe(1 + countRejoins(target) - rejoined);
    expect(target.inspect('{{.RestartCount}}')).toBe('0');
    return after;
  }

  /** All data has the history `before`, and `promotions` more. */
  function expectHistory(after: Serving, before: readonly string[], promotions: number): void {
    expect(links(after.primary)).toHaveLength(before.length + promotions);
    expect(links(after.primary).slice(0, before.length)).toEqual(before);
    for (const standby of after.standbys) expect(standby.chain()).toBe(after.primary.chain());
  }

  describe('a worker that is terminated comes back within 3 s without the server, and costs no promotion', () => {
    it.each<[string, Place, 'consensus' | 'role']>([
      ['the consensus worker of a standby', 'first standby', 'consensus'],
      ['the role worker of a standby', 'second standby', 'role'],
      ['the role worker of the primary', 'primary', 'role'],
    ])('%s', async (_, place, worker) => {
      const before = await healthy(group(), recovery);
      const target = server(before, place);
      const { promotion_term } = await before.primary.status();
      const postmaster = target.postmasterPid();
      const pid = target.workerPid(worker);
      // pg_terminate_backend() knows only processes with a database
      target.exec(['kill', '-TERM', pid]);
      await eventually(
        `another ${worker} worker`,
        async () => [target.workerPid(worker), await target.value('SELECT pgraft_get_worker_state()')],
        ([now, state]) => now !== pid && state === 'running',
        3_000,
      );
      const after = await healthy(group(), 10_000);
      expect(target.postmasterPid()).toBe(postmaster);
      expect(after.primary).toBe(before.primary);
      expect((await after.primary.status()).promotion_term).toBe(promotion_term);
      await group().write(after.primary);
    });
  });

  it('R17: the consensus worker of the primary, terminated, takes the leadership along: the server stops, and one is promoted anew', async () => {
    const { primary } = await healthy(group(), recovery);
    await group().write(primary);
    const history = links(primary);
    const { promotion_term } = await primary.status();
    const after = await startsOnce(primary, () => {
      primary.exec(['kill', '-TERM', primary.workerPid('consensus')]);
      return Promise.resolve();
    });
    expect((await after.primary.status()).promotion_term).toBeGreaterThan(promotion_term ?? 0);
    expectHistory(after, history, 1);
  });

  describe('a server whose process is killed starts once more, in recovery; if it was the primary, one is promoted anew', () => {
    it.each<[string, Place, Victim]>([
      ['the consensus worker of a standby', 'first standby', (standby) => standby.workerPid('consensus')],
      ['the role worker of a standby', 'second standby', (standby) => standby.workerPid('role')],
      ['a session of the primary', 'primary', (primary) => sleepingSession(primary)],
      ['the consensus worker of the primary', 'primary', (primary) => primary.workerPid('consensus')],
      ['the postmaster of the primary', 'primary', (primary) => primary.postmasterPid()],
    ])('R8: %s', async (_, place, victim) => {
      const before = await healthy(group(), recovery);
      await group().write(before.primary);
      const target = server(before, place);
      const history = links(before.primary);
      const { promotion_term } = await before.primary.status();
      const after = await startsOnce(target, async () => {
        target.exec(['kill', '-9', await victim(target)]);
      });
      if (place === 'primary') {
        expect((await after.primary.status()).promotion_term).toBeGreaterThan(promotion_term ?? 0);
        expectHistory(after, history, 1);
      } else {
        expect(after.primary).toBe(before.primary);
        expect((await after.primary.status()).promotion_term).toBe(promotion_term);
        expectHistory(after, history, 0);
      }
    });
  });

  it('R1: servers killed while the last promotion is not in a checkpoint yet keep that promotion in their chains', async () => {
    let now = await healthy(group(), recovery);
    const fill = "CREATE TABLE wide AS SELECT g, repeat('x', 500) AS filler FROM generate_series(1, 100000) AS g";
    await now.primary.query(fill);
    const names = group().servers.map(({ hostname }) => hostname);
    for (let round = 0; round < 2; round++) {
      // dirty pages, so that the checkpoint after the promotion takes its time and replay begins on the timeline before
      await now.primary.query('UPDATE wide SET g = g + 1 WHERE g % 10 = $1', [round]);
      now = await healthy(group(), 10_000);
      const history = links(now.primary);
      if (round > 0) {
        const { promotion_timeline } = await now.primary.status();
        const checkpoints = await group().each((each) => each.value('SELECT timeline_id FROM pg_control_checkpoint()'));
        for (const timeline of checkpoints) expect(timeline).toBeLessThan(promotion_timeline ?? 0);
      }
      // whoever is promoted next has replayed across the promotion
      docker(['kill', ...names]);
      docker(['start', ...names]);
      await group().write((await healthy(group(), recovery)).primary);
      now = await healthy(group(), 5_000);
      expectHistory(now, history, 1);
    }
    await now.primary.query('DROP TABLE wide');
    await healthy(group(), 10_000);
  });

  describe('the group is healthy again, with every row, after', () => {
    it('docker restart of each server', async () => {
      for (const { hostname } of group().servers) {
        await group().write((await healthy(group(), recovery)).primary);
        docker(['restart', hostname]);
        await healthy(group(), recovery);
      }
    });

    it('docker kill of all three, within 10 s of their start', async () => {
      const { primary } = await healthy(group(), recovery);
      await group().write(primary);
      const names = group().servers.map(({ hostname }) => hostname);
      const history = links(primary);
      docker(['kill', ...names]);
      docker(['start', ...names]);
      await group().write((await healthy(group(), 10_000)).primary);
      expectHistory(await healthy(group(), 5_000), history, 1);
    });
  });
}

/** A backend that is no worker: its death too takes the whole server down. */
async function sleepingSession(server: Server): Promise<string> {
  server.exec(['sh', '-c', "psql -XqU postgres -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &"]);
  const look = () => server.attempt(['pgrep', '-f', 'postgres: .* SELECT$']).stdout.trim();
  return eventually('a sleeping session', look, (pid) => pid !== '', 5_000);
}
