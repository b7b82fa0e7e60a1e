/** Docker is stopped, or hangs, in the middle of a command on a running cluster: what the person is told, and what brings it to health. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../../support/cluster-project.js';
import { showLogsOfFailed } from '../../support/failed-logs.js';
import { EngineRelay } from '../../support/engine-relay.js';
import { eventually } from '../../support/eventually.js';
import { describeMoment, runAtTerminal, type CommandName, type Moment } from '../../support/interrupted.js';
import { stackTrace, type Ended } from '../../support/shell.js';
import { runAndCut } from './cut.js';
import { expectHealth } from './health.js';

const gone = /Docker does not answer: [^]*; start Docker, or see "docker info"/;
/** Milliseconds: longer nobody waits for the end of what cannot go on. */
const patience = 60_000;

const step = (number: number, plus = 20): Moment => ({ line: new RegExp(`${number}\\. `), plus });

const rows: readonly [command: CommandName, moments: readonly Moment[]][] = [
  ['npm run switchover', [{ plus: 500 }, step(1), step(2), step(3), step(4)]],
  [
    'npm run maintain',
    [{ plus: 500 }, step(1), step(4), step(4, 300), { line: /^the command runs$/m, plus: 300 }, step(5)],
  ],
  ['npm run drill', [step(1), step(3)]],
  ['npm run rotate-key', [{ plus: 900 }, { line: /✔/, plus: 20 }]],
];

/** Over before a moment could be met: so the engine goes with the connection of that number. */
const short: readonly [command: string, args: readonly string[]][] = [
  ['status', []],
  ['status', ['--json']],
  ['url', []],
  ['logs', ['--tail', '3']],
  ['psql', ['--', '-c', 'select 1']],
  ['recover', []],
  ['recover', ['replica1', '--dry-run']],
];

describe('Docker that goes away while a cluster runs:', () => {
  let project: ClusterProject;
  let relay: EngineRelay;
  const table: string[] = [];

  const run = async (command: string, args: readonly string[]): Promise<Ended> => {
    const program = ['--import', 'tsx', `scripts/${command}.ts`, ...args];
    return project.run('node', program, { env: relay.environment, deadline: patience });
  };
  /** The next command is the first that a person thinks of; nothing else is done for it. */
  async function expectHealthAfter(start: boolean): Promise<void> {
    if (start) {
      const started = await project.start();
      expect(started.status, started.output).toBe(0);
    }
    await expectHealth(project);
  }

  beforeAll(async () => {
    project = await ClusterProject.open();
    relay = await EngineRelay.open();
    const started = await project.start();
    expect(started.status, started.output).toBe(0);
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

  const all = rows.flatMap(([command, moments]) =>
    moments.map((moment) => [`${command} at ${describeMoment(moment)}`, command, moment] as const),
  );
  it.each(all)('%s', async (title, command, moment) => {
    const broken = await runAndCut(project, relay, command, moment);
    table.push(`${title}: status ${broken.status} ${broken.took} ms after Docker was gone`);
    // one that needs Docker no more by then has done its work
    if (broken.status !== 0) {
      expect(broken.status, broken.output).toBe(1);
      expect(broken.output).toMatch(gone);
      expect(broken.output).not.toMatch(stackTrace);
    }
    expect(broken.took, broken.output).toBeLessThan(patience);
    const left = /could not be started again: [^]*npm start then brings it back/.test(broken.output);
    if (command !== 'npm run maintain') expect(left, broken.output).toBe(false);
    await expectHealthAfter(left);
    // with a healthy cluster it may still find a server too slow, and says so
    await eventually(
      `${command} to end well`,
      async () => runAtTerminal(project, command),
      ({ status }) => status === 0,
      2 * patience,
    );
  });

  const numbers = short.flatMap((row) => [0, 2].map((connections) => [...row, connections] as const));
  it.each(numbers)('npm run %s %j, whose engine goes after %i connections', async (command, args, connections) => {
    relay.cutAfter(connections);
    const ended = await run(command, args);
    table.push(`${command} ${args.join(' ')} after ${connections}: status ${ended.status} in ${ended.milliseconds} ms`);
    expect(ended.status, ended.output).toBe(1);
    expect(ended.output).toMatch(gone);
    expect(ended.output).not.toMatch(stackTrace);
    await relay.restore();
    await expectHealthAfter(false);
  });

  it.each([['status'], ['url'], ['switchover'], ['drill']])(
    'npm run %s of an engine that hangs gives up',
    async (command) => {
      relay.silence();
      const ended = await run(command, []);
      table.push(`${command}, hanging: status ${ended.status} in ${ended.milliseconds} ms`);
      expect(ended.status, ended.output).toBe(1);
      expect(ended.output).toMatch(
        /docker took longer than 10000 ms and was stopped; start Docker, or see "docker info"/,
      );
      expect(ended.output).not.toMatch(stackTrace);
      await relay.restore();
      await expectHealthAfter(false);
    },
  );
});
