import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { faultsOfCluster } from '../../support/interrupted.js';
import { applyTime, deployKilled, deployNext } from '../../support/killed.js';
import { WrittenCluster } from '../../support/written-cluster.js';
import { grown, rolled, roundsOf, steady, type Change } from './rounds.js';

/** PGRAFT_TEST_SEED gives the moments of an earlier run again. */
const seed = Number(process.env['PGRAFT_TEST_SEED'] ?? Date.now() % 2 ** 31);
const failoverEnabled = "select value from pgraft_get_config() where key = 'failover_enabled'";

describe(`the deploy after one that was killed ends well, and nothing is lost; PGRAFT_TEST_SEED=${seed}:`, () => {
  let cluster: WrittenCluster;
  const table: string[] = [];
  /** Milliseconds, undisturbed. */
  const takes: Record<Change, number> = { roll: 0, grow: 0, shrink: 0 };

  beforeAll(async () => {
    cluster = await WrittenCluster.open(steady);
    takes.grow = await applyTime(cluster, grown);
    takes.shrink = await applyTime(cluster, steady);
    takes.roll = await applyTime(cluster, rolled);
    await applyTime(cluster, steady);
    console.info('undisturbed, in milliseconds:', takes);
  });
  showLogsOfFailed(() => cluster.project);
  afterAll(async () => {
    console.info(`PGRAFT_TEST_SEED=${seed}\n${table.join('\n')}`);
    await cluster.close();
  });

  it.each(roundsOf(seed).map((round) => [round.about, round] as const))(
    '%s',
    async (about, { change, context, victim, percent }) => {
      const begun = performance.now();
      const after = (takes[change] * percent) / 100;
      const broken = await deployKilled(cluster, context, { victim, after });
      const next = await deployNext(cluster, context);
      const gap = await cluster.gapSince(begun);
      const missing = await cluster.missing();
      table.push(
        `${about} ${broken.killed ? '' : ' (it had ended)'}: status ${broken.status} after ${broken.milliseconds} ms; next: status ${next.status} ` +
          `in ${next.milliseconds} ms, refused ${next.refusals} times before; gap ${gap.toFixed(0)} ms, ${missing.length} lost`,
      );
      console.info(table.at(-1));
      expect(broken.killed, broken.output).toBe(true);
      expect(next.status, `${broken.output}\n${next.output}`).toBe(0);
      expect(missing).toEqual([]);
      expect(await faultsOfCluster(cluster.project, cluster.names)).toEqual([]);
      const { project, names } = cluster;
      expect(await project.sqlAtPrimary(failoverEnabled)).toBe('true');
      const buffers = names.map(async (name) => project.sql(name, 'show shared_buffers'));
      expect(new Set(await Promise.all(buffers))).toEqual(new Set([context.postgresSettings.shared_buffers]));
    },
  );
});
