/** npm run psql: a session as superuser, on the primary unless a server is named. */
import { spawn } from 'node:child_process';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main, statusOf } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { projectDirectory } from './kit/places.js';
import { withLive } from './live/open.js';
import { pickNode, pickPrimary } from './live/pick.js';
import { readExistingCluster } from './live/read.js';

const command = openCommand('psql')
  .description('Open psql on a server, by default the one that accepts writes.')
  .usage('[node] [-- psql arguments]')
  .argument('[node]', 'name, container or id of the server')
  .argument('[psql...]', 'arguments for psql, after --')
  .addHelpText('after', '\nExample: npm run psql -- replica1 -- -c "select pg_is_in_recovery()"')
  .parse();

await main(async () => {
  const { given, rest } = split(command.args, process.argv);
  const settings = loadSettings(projectDirectory);
  const container = await withLive(settings, async (live) => {
    const view = await readExistingCluster(live, { askEntryPoint: false });
    return given === undefined ? pickPrimary(view).container : pickNode(view.nodes, given).container;
  });
  const terminal = process.stdin.isTTY && process.stdout.isTTY ? ['--tty'] : [];
  const args = ['exec', '--interactive', ...terminal, container, 'psql', '-U', 'postgres', ...rest];
  const child = spawn('docker', args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      resolve(statusOf({ exitCode, signal }));
    });
  });
});

/** commander hands over one list; what stood before `--` is the server, what stood after it is psql's. */
function split(
  args: readonly string[],
  argv: readonly string[],
): { given: string | undefined; rest: readonly string[] } {
  const dashes = argv.indexOf('--');
  const rest = dashes === -1 ? [] : argv.slice(dashes + 1);
  const before = args.slice(0, args.length - rest.length);
  if (before.length > 1)
    throw new UserError(`"${before[1] ?? ''}" is one argument too many; psql's own stand after --`);
  return { given: before[0], rest };
}
