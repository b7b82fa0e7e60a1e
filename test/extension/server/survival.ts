import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import type { Server, ServerGroup } from './server-group.js';

const starts = /starting PostgreSQL 17/g;

/** How often PostgreSQL was started in this container. */
const countStarts = (server: Server) => server.log().match(starts)?.length ?? 0;

/** The Raft state, the data and the acknowledged rows outlive what happens to processes and containers. */
export function survival(group: () => ServerGroup): void {
  const server = (position: number) => group().servers[position] as Server;

  describe('a worker that is terminated comes back within 3 s without the server', () => {
    it.each([
      ['the consensus worker of a standby', 1, 'consensus'],
      ['the role worker of a standby', 2, 'role'],
      ['the consensus worker of the primary', 0, 'consensus'],
      ['the role worker of the primary', 0, 'role'],
    ] as const)('%s', async (_, position, worker) => {
      const postmaster = server(position).postmasterPid();
      const pid = server(position).workerPid(worker);
      // pg_terminate_backend() knows only processes with a database
      server(position).exec(['kill', '-TERM', pid]);
      await eventually(
        `another ${worker} worker`,
        async () => [
          server(position).workerPid(worker),
          await server(position).value('SELECT pgraft_get_worker_state()'),
        ],
        ([now, state]) => now !== pid && state === 'running',
        3_000,
      );
      await group().healthy(10_000);
      expect(server(position).postmasterPid()).toBe(postmaster);
      await group().write();
    });
  });

  describe('a server whose process is killed starts once more, in recovery, and is healthy within 10 s', () => {
    it.each<[string, number, (server: Server) => string | Promise<string>]>([
      ['the consensus worker of a standby', 1, (standby) => standby.workerPid('consensus')],
      ['the role worker of a standby', 2, (standby) => standby.workerPid('role')],
      ['a session of the primary', 0, (primary) => sleepingSession(primary)],
      ['the consensus worker of the primary', 0, (primary) => primary.workerPid('consensus')],
      ['the postmaster of the primary', 0, (primary) => primary.postmasterPid()],
    ])('R8: %s', async (_, position, victim) => {
      await group().write();
      const started = countStarts(server(position));
      const before = await group().primary.status();
      const pid = await victim(server(position));
      server(position).exec(['kill', '-9', pid]);
      await eventually(
        'a new start',
        () => countStarts(server(position)),
        (count) => count > started,
        10_000,
      );
      await group().healthy(10_000);
      await group().write();
      await group().healthy(5_000);

      const after = await group().primary.status();
      const promoted = position === 0 ? 1 : 0;
      expect(after.promotion_timeline).toBe((before.promotion_timeline ?? 0) + promoted);
      expect(countStarts(server(position))).toBe(started + 1);
      expect(server(position).inspect('{{.RestartCount}}')).toBe('0');
    });
  });

  it('R1: a primary killed while its last promotion is not in a checkpoint yet keeps that promotion in its chain', async () => {
    const primary = group().primary;
    const fill = "CREATE TABLE wide AS SELECT g, repeat('x', 500) AS filler FROM generate_series(1, 100000) AS g";
    await primary.query(fill);
    const links = () => primary.chain().trimEnd().split('\n');
    for (let round = 0; round < 2; round++) {
      // dirty pages, so that the checkpoint after the promotion takes its time and replay begins on the timeline before
      await primary.query('UPDATE wide SET g = g + 1 WHERE g % 10 = $1', [round]);
      const before = links();
      docker(['kill', primary.hostname]);
      docker(['start', primary.hostname]);
      await group().healthy(15_000);
      await group().write();
      expect(links().slice(0, -1)).toEqual(before);
    }
    await primary.query('DROP TABLE wide');
    await group().healthy(10_000);
    for (const standby of group().standbys) expect(standby.chain()).toBe(primary.chain());
  });

  describe('the group is healthy again, with every row, after', () => {
    it('docker restart of each server', async () => {
      for (const { hostname } of group().servers) {
        await group().write();
        docker(['restart', hostname]);
        await group().healthy(15_000);
      }
    });

    it('docker kill of all three, within 10 s of their start', async () => {
      await group().write();
      const names = group().servers.map(({ hostname }) => hostname);
      const { promotion_timeline } = await group().primary.status();
      docker(['kill', ...names]);
      docker(['start', ...names]);
      await group().healthy(10_000);
      await group().write();
      expect((await group().primary.status()).promotion_timeline).toBe((promotion_timeline ?? 0) + 1);
    });
  });
}

/** A backend that is no worker: its death too takes the whole server down. */
async function sleepingSession(server: Server): Promise<string> {
  server.exec(['sh', '-c', "psql -XqU postgres -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &"]);
  const look = () => server.attempt(['pgrep', '-f', 'postgres: .* SELECT$']).stdout.trim();
  return eventually('a sleeping session', look, (pid) => pid !== '', 5_000);
}
