import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import {
  describeMoment,
  faultsOfCluster,
  faultsOfEnd,
  faultsOfNothing,
  runAtTerminal,
  type Run,
} from '../../support/interrupted.js';
import { deployMoments, destroyMoments, pairs } from './moments.js';

describe.each(pairs)('$up and $down, interrupted and repeated, end as if never interrupted:', ({ up, down }) => {
  let project: ClusterProject;
  const table: string[] = [];
  const note = (about: string, broken: Run, again: Run) => {
    table.push(
      `${about}: status ${broken.status} after ${broken.milliseconds} ms; again: status ${again.status} in ${again.milliseconds} ms`,
    );
  };

  beforeAll(async () => {
    project = await ClusterProject.open();
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    console.info(table.join('\n'));
    await project.close();
  });

  const rounds = deployMoments.map((moment, index) => [describeMoment(moment), index] as const);

  describe.each(rounds)('moment %s', (_, index) => {
    it(`of ${up}`, async () => {
      const moment = deployMoments[index] ?? {};
      const broken = await runAtTerminal(project, up, moment);
      expect(broken.interrupted, broken.output).toBe(true);
      expect(faultsOfEnd(up, broken)).toEqual([]);
      const again = await runAtTerminal(project, up);
      note(`${up}, ${describeMoment(moment)}`, broken, again);
      expect(again.status, again.output).toBe(0);
      expect(await faultsOfCluster(project)).toEqual([]);
    });

    it(`of ${down}: ${describeMoment(destroyMoments[index] ?? {})}`, async () => {
      const moment = destroyMoments[index] ?? {};
      const broken = await runAtTerminal(project, down, moment);
      expect(broken.interrupted, broken.output).toBe(true);
      expect(faultsOfEnd(down, broken)).toEqual([]);
      const again = await runAtTerminal(project, down);
      note(`${down}, ${describeMoment(moment)}`, broken, again);
      expect(again.status, again.output).toBe(0);
      expect(await faultsOfNothing(project)).toEqual([]);
    });
  });

  it.each(rounds)(`an ${up} interrupted at %s can be destroyed by ${down}`, async (_, index) => {
    const moment = deployMoments[index] ?? {};
    const broken = await runAtTerminal(project, up, moment);
    expect(broken.interrupted, broken.output).toBe(true);
    expect(faultsOfEnd(up, broken)).toEqual([]);
    const destroyed = await runAtTerminal(project, down);
    note(`${up}, ${describeMoment(moment)}, then ${down}`, broken, destroyed);
    expect(destroyed.status, destroyed.output).toBe(0);
    expect(await faultsOfNothing(project)).toEqual([]);
  });
});
