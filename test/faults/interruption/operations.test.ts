/** Ctrl-C in the commands that move leadership or take a server out of service, at each of their steps. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { describeMoment, runAtTerminal, type CommandName, type Moment } from '../../support/interrupted.js';
import { expectHealth } from './health.js';

const steps = (first: number, last: number, plus = 20): Moment[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({ line: new RegExp(`${first + index}\\. `), plus }));
/** Of npm and Node, and of the first look at the cluster. */
const beginnings: readonly Moment[] = [{ plus: 300 }, { plus: 900 }];
const commandRuns: Moment = { line: /^the command runs$/m, plus: 300 };

/** Ten moments of each that takes long enough, and what is said on Ctrl-C, whenever it comes. */
const rows: readonly [command: CommandName, moments: readonly Moment[], says: RegExp][] = [
  ['npm run switchover', [...beginnings, ...steps(1, 4), ...steps(1, 4, 120)], /interrupted: /],
  [
    'npm run maintain',
    [...beginnings, ...steps(1, 5), commandRuns, ...steps(4, 5, 400)],
    /interrupted|out of service for/,
  ],
  ['npm run drill', steps(3, 3), /interrupted: leadership may have moved/],
];

describe('Ctrl-C, behind which the cluster is healthy by itself and the same command works:', () => {
  let project: ClusterProject;
  beforeAll(async () => {
    project = await ClusterProject.open();
    const started = await project.start();
    expect(started.status, started.output).toBe(0);
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  const moments = rows.flatMap(([command, all, says]) =>
    all.map((moment) => [`${command} at ${describeMoment(moment)}`, { command, moment, says }] as const),
  );

  /** How often the key has ended a command. */
  const interruptions = new Map<string, number>();

  it.each(moments)('%s', async (_, { command, moment, says }) => {
    const broken = await runAtTerminal(project, command, moment);
    if (broken.status === 130) interruptions.set(command, 1 + (interruptions.get(command) ?? 0));
    // it may have done its work before, or just as the key was pressed
    if (!broken.interrupted || broken.status === 0) expect(broken.status, broken.output).toBe(0);
    else {
      expect(broken.status, broken.output).toBe(130);
      // before the first step nothing has been begun that there were a word about
      if (broken.output.includes('1. ')) expect(broken.output).toMatch(says);
    }
    await expectHealth(project);
    const again = await runAtTerminal(project, command);
    expect(again.status, again.output).toBe(0);
  });

  it.each(['npm run switchover', 'npm run maintain'])('%s was ended by half of its ten, at least', (command) => {
    expect(interruptions.get(command)).toBeGreaterThanOrEqual(5);
  });
});
