/** Two commands at once, begun in the same moment: one does its work, the other changes nothing and says which one is at it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { faultsOfCluster, faultsOfNothing } from '../../support/interrupted.js';
import type { Ended } from '../../support/shell.js';

/** What is typed, as `npm run` has it; `start` and `cdktf` stand for themselves. */
type Typed = readonly [command: string, ...args: string[]];

const both = (typed: Typed): readonly [Typed, Typed] => [typed, typed];

/** Pairs on a healthy cluster, and what the one that is refused is told is under way. */
const rows: readonly [pair: readonly [Typed, Typed], underWay: RegExp][] = [
  [both(['start']), /"npm start"/],
  [both(['cdktf', 'deploy', '*', '--auto-approve']), /"cdktf deploy"/],
  [both(['switchover']), /"npm run switchover"/],
  [both(['maintain', 'replica1', 'true']), /"npm run maintain replica1"/],
  [
    [
      ['maintain', 'replica1', 'true'],
      ['maintain', 'replica2', 'true'],
    ],
    /"npm run maintain replica[12]"/,
  ],
  [both(['rotate-key']), /"npm run rotate-key"/],
  [both(['drill']), /"npm run drill"/],
];

describe('two commands at once:', () => {
  let project: ClusterProject;
  const type = async ([command, ...args]: Typed): Promise<Ended> => {
    if (command === 'start') return project.start();
    return command === 'cdktf' ? project.cdktf(...args) : project.npm(command, ...args);
  };
  const atOnce = async ([one, other]: readonly [Typed, Typed]) => Promise.all([type(one), type(other)]);

  /** One of them ended well, and the other, which is given, with status 1. */
  function refusedOf(ended: readonly Ended[]): string {
    const seen = ended.map(({ output }) => output).join('\n--- and ---\n');
    expect(ended.map(({ status }) => status).sort(), seen).toEqual([0, 1]);
    // Terraform, and cdktf, break lines
    return ended.find(({ status }) => status === 1)?.output.replaceAll(/\s+/g, ' ') ?? '';
  }

  /** The one that is refused says that nothing was changed, and which one is at it. */
  function expectOneRefused(ended: readonly Ended[], underWay: RegExp): void {
    const refused = refusedOf(ended);
    const what = `${underWay.source} is under way on cluster ${project.prefix} \\(process \\d+\\)`;
    expect(refused).toMatch(new RegExp(`${what}: nothing was changed; run this again when that has ended`));
  }

  beforeAll(async () => {
    project = await ClusterProject.open();
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('two npm start make one cluster', async () => {
    expectOneRefused(await atOnce(both(['start'])), /"npm start"/);
    expect(await faultsOfCluster(project)).toEqual([]);
  });

  const title = ([one, other]: readonly [Typed, Typed]) => `${one.join(' ')}, and ${other.join(' ')}`;
  it.each(rows.map(([pair, underWay]) => [title(pair), pair, underWay] as const))('%s', async (_, pair, underWay) => {
    expectOneRefused(await atOnce(pair), underWay);
    const { status, output } = await project.npm('status');
    expect(status, output).toBe(0);
  });

  it('two npm run plan: one plans, the other waits for nobody and says so', async () => {
    const refused = refusedOf(await atOnce(both(['plan'])));
    expect(refused).toMatch(
      new RegExp(
        `^error: another npm run plan of cluster ${project.prefix} is under way \\(process \\d+\\); run this again`,
      ),
    );
  });

  it.each([[['status']], [['url']], [['logs', '--tail', '3']]] as const)(
    'two npm run %s, which only look, do not mind each other',
    async (typed) => {
      const [one, other] = await atOnce(both(typed));
      expect([one.status, other.status], `${one.output}\n${other.output}`).toEqual([0, 0]);
      expect(one.stdout).not.toBe('');
    },
  );

  it('two npm run destroy remove it once, and leave nothing', async () => {
    expectOneRefused(await atOnce(both(['destroy', '--yes'])), /"npm run destroy"/);
    expect(await faultsOfNothing(project)).toEqual([]);
  });

  it('npm start and npm run destroy: whichever it was, npm start ends with a healthy cluster', async () => {
    expectOneRefused(await atOnce([['start'], ['destroy', '--yes']]), /"npm (start|run destroy)"/);
    const started = await project.start();
    expect(started.status, started.output).toBe(0);
    expect(await faultsOfCluster(project)).toEqual([]);
  });

  it('two cdktf destroy remove it once', async () => {
    expectOneRefused(await atOnce(both(['cdktf', 'destroy', '*', '--auto-approve'])), /"cdktf destroy"/);
    expect(await faultsOfNothing(project)).toEqual([]);
  });
});
