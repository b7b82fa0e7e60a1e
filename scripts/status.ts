/** npm run status: what is up, who leads, how far each server is. Exit status 0 healthy, 1 not, 2 no cluster. */
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { projectDirectory } from './kit/places.js';
import { printStatus, watchStatus } from './live/show-status.js';

const command = openCommand('status')
  .description('Show containers, PostgreSQL, Raft, replication and health.')
  .option('--json', 'print one JSON value')
  .option('-w, --watch', 'keep showing it until Ctrl-C')
  .addHelpText('after', '\nExit status: 0 healthy, 1 not healthy, 2 no cluster.')
  .parse();
const { json = false, watch = false } = command.opts<{ json?: boolean; watch?: boolean }>();
if (json && watch) command.error('error: --json and --watch exclude each other; give one of them');

await main(async () => {
  const settings = loadSettings(projectDirectory);
  return watch ? watchStatus(settings) : printStatus(settings, { json });
});
