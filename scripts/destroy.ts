/** npm run destroy: remove the cluster with everything that was made for it, its data included. */
import { createInterface } from 'node:readline/promises';
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { InterruptedError, UserError } from './kit/errors.js';
import { listed } from './kit/guards.js';
import { projectDirectory } from './kit/places.js';
import { takeDown, type RemovedObject } from './steps/take-down.js';

const command = openCommand('destroy')
  .description('Remove the cluster: containers, network and volumes with all data.')
  .option('-y, --yes', 'do not ask')
  .option('--auto-approve', 'the same as --yes')
  .parse();
const options = command.opts<{ yes?: boolean; autoApprove?: boolean }>();

await main(async () => {
  const begin = performance.now();
  const settings = loadSettings(projectDirectory);
  const removed = await takeDown(settings, { confirmed: async (found) => confirmed(settings.prefix, found) });
  if (removed === undefined) {
    console.log('nothing was removed');
    return 1;
  }
  console.log(removed.length === 0 ? 'there was nothing to remove' : `removed: ${listed(removed)}`);
  console.log(`Done in ${prettyMs(performance.now() - begin)}.`);
  return 0;
});

async function confirmed(prefix: string, found: readonly RemovedObject[]): Promise<boolean> {
  if (options.yes === true || options.autoApprove === true) return true;
  if (!process.stdin.isTTY) throw new UserError('this removes all data; say so with --yes where nobody can be asked');
  console.log(
    `This removes cluster ${prefix} with all its data: ${found.length === 0 ? 'nothing found' : listed(found)}`,
  );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const given = terminal.question(`Type the name of the cluster (${prefix}) to go on: `);
  // Ctrl-C, which is a key here and no signal, and Ctrl-D, after which nobody answers any more
  const givenUp = new Promise<never>((_, reject) => {
    const end = () => {
      reject(new InterruptedError('SIGINT', 'interrupted: nothing was removed'));
    };
    terminal.once('SIGINT', end).once('close', end);
  });
  try {
    return (await Promise.race([given, givenUp])).trim() === prefix;
  } finally {
    terminal.close();
  }
}
