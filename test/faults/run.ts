/** npm run test:faults: the fixed fault tests; with --minutes or --round, faults at random from a seed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { main, statusOf } from '../../scripts/kit/command.js';
import { UserError } from '../../scripts/kit/errors.js';
import { projectDirectory } from '../../scripts/kit/places.js';
import { campaign } from './campaign/campaign.js';

const command = new Command('test:faults')
  .description('Run the fixed fault tests, or break a cluster of its own at random and look for lost rows.')
  .argument('[filter...]', 'only the fixed tests whose file has this in its name')
  .option('--minutes <m>', 'break at random for so many minutes', minutes)
  .option('--seed <s>', 'the seed of the schedule; the same seed gives the same rounds (default: a new one)', seed)
  .option('--round <r>', 'play only this round of the schedule', roundNumber)
  .parse();
const options = command.opts<{ minutes?: number; seed?: number; round?: number }>();

await main(async () => {
  const atRandom = options.minutes !== undefined || options.round !== undefined;
  if (!atRandom && options.seed !== undefined) {
    throw new UserError(`--seed ${options.seed} alone: say for how long with --minutes, or which round with --round`);
  }
  if (atRandom && command.args.length > 0) {
    throw new UserError(
      `"${command.args.join(' ')}" chooses among the fixed tests; leave it out, or --minutes and --round`,
    );
  }
  return atRandom ? breakAtRandom() : runFixed(command.args);
});

async function breakAtRandom(): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (name: NodeJS.Signals) => {
    if (interruption.signal.aborted) return;
    console.error(`${name}: healing, and removing the cluster`);
    interruption.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const chosen = options.seed ?? Date.now() % 2 ** 31;
  const { round } = options;
  const end = performance.now() + (options.minutes ?? 0) * 60_000;
  console.log(`seed ${chosen}`);
  const totals = await campaign({
    seed: chosen,
    first: round ?? 1,
    goesOn: (number) => (round === undefined ? performance.now() < end : number === round),
    signal: interruption.signal,
    tell: (line) => {
      console.log(line);
    },
  });
  const { rounds, faults, acknowledged, lost, stale, stuck } = totals;
  console.log(`seed ${chosen}: ${rounds} rounds, ${acknowledged} acknowledged rows`);
  console.log(`${faults} faults, ${lost} lost, ${stale} stale, ${stuck} stuck`);
  if (interruption.signal.aborted) return 130;
  return lost + stale + stuck === 0 ? 0 : 1;
}

async function runFixed(filters: readonly string[]): Promise<number> {
  const vitest = join(projectDirectory, 'node_modules', '.bin', 'vitest');
  const child = spawn(vitest, ['run', '--project', 'faults', ...filters], { cwd: projectDirectory, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      resolve(statusOf({ exitCode, signal }));
    });
  });
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 60)) throw new InvalidArgumentError('it must be a number above 0, at most 1440');
  return value;
}

function seed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) {
    throw new InvalidArgumentError(`it must be a whole number from 0 to ${2 ** 31 - 1}`);
  }
  return Number(text);
}

function roundNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('it must be a whole number from 1 to 99999');
  return Number(text);
}
