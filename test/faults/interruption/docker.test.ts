/** Docker is stopped in the middle of a command: what the person is told, and that the same command then ends as if nothing had been. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { EngineRelay } from '../../support/engine-relay.js';
import {
  describeMoment,
  faultsOfCluster,
  faultsOfNothing,
  runAtTerminal,
  type CommandName,
  type Moment,
  type Run,
} from '../../support/interrupted.js';
import { stackTrace } from '../../support/shell.js';
import { runAndCut } from './cut.js';
import { deployMoments, destroyMoments, pairs } from './moments.js';

/** Docker, and what to do; by plain cdktf in the words of the provider. */
const told =
  /(Docker does not answer|annot connect to the Docker daemon|failed to connect to the docker API|error during connect|o Docker engine answers|broke off the build)[^]*([Ss]tart Docker|whether Docker still runs)/;
const plain = (output: string) => output.replaceAll(/[│╷╵\s]+/g, ' ');
/** A person does not wait longer for the end of what cannot go on. */
const patience = 60_000;

let project: ClusterProject;
let relay: EngineRelay;
const table: string[] = [];

const cutAt = async (name: CommandName, moment: Moment) => {
  const broken = await runAndCut(project, relay, name, moment);
  table.push(`${name}, ${describeMoment(moment)}: status ${broken.status}, ${broken.took} ms after Docker was gone`);
  return broken;
};

/** Ended with a word about it; one that was through with Docker has ended well. */
function expectTold({ status, output, interrupted, took }: Run & { took: number }): void {
  expect(interrupted, output).toBe(true);
  if (status === 0) return;
  expect(status, output).toBe(1);
  expect(plain(output)).toMatch(told);
  expect(output).not.toMatch(stackTrace);
  expect(took, output).toBeLessThan(patience);
}

beforeAll(async () => {
  project = await ClusterProject.open();
  relay = await EngineRelay.open();
});
showLogsOfFailed(() => project);
afterEach(async () => {
  await relay.restore();
});
afterAll(async () => {
  console.info(table.join('\n'));
  relay.close();
  await project.close();
});

const everyOther = (moments: readonly Moment[]) => moments.filter((_, index) => index % 2 === 0);
const some = <T>(moments: readonly T[], up: CommandName) =>
  // what plain cdktf does differs from it only in what it says
  up === 'npm start' ? moments : moments.filter((_, index) => index % 2 === 1);

describe.each(pairs)('Docker stopped in $up and $down:', ({ up, down }) => {
  const rounds = some(everyOther(deployMoments), up).map(
    (moment, index) => [moment, some(everyOther(destroyMoments), up)[index] ?? {}] as const,
  );

  describe.each(rounds.map((round) => [describeMoment(round[0]), ...round] as const))('%s', (_, ofUp, ofDown) => {
    it(`of ${up}`, async () => {
      const broken = await cutAt(up, ofUp);
      expectTold(broken);
      const again = await runAtTerminal(project, up);
      expect(again.status, again.output).toBe(0);
      expect(await faultsOfCluster(project)).toEqual([]);
    });

    it(`of ${down}: ${describeMoment(ofDown)}`, async () => {
      const broken = await cutAt(down, ofDown);
      expectTold(broken);
      const again = await runAtTerminal(project, down);
      expect(again.status, again.output).toBe(0);
      expect(await faultsOfNothing(project)).toEqual([]);
    });
  });
});
