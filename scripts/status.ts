/** npm run status: what is up, who leads, how far each server is. Exit status 0 healthy, 1 not, 2 no cluster. */
import { Command } from 'commander';
import { loadSettings } from '../constructs/load-settings.js';
import { main } from './kit/command.js';
import { projectDirectory } from './kit/places.js';
import { problemsOf } from './live/health.js';
import { withLive } from './live/open.js';
import { readCluster } from './live/read.js';
import { statusJson, statusPage } from './live/status-page.js';

const command = new Command('status')
  .description('Show containers, PostgreSQL, Raft, replication and health.')
  .option('--json', 'print one JSON value')
  .addHelpText('after', '\nExit status: 0 healthy, 1 not healthy, 2 no cluster.')
  .allowExcessArguments(false)
  .parse();
const { json = false } = command.opts<{ json?: boolean }>();

await main(async () => {
  const settings = loadSettings(projectDirectory);
  return withLive(settings, async (live) => {
    const view = await readCluster(live);
    if (view === undefined) {
      console.error(`there is no cluster ${settings.prefix} on this Docker engine; npm start makes one`);
      return 2;
    }
    console.log(json ? statusJson(view) : statusPage(view));
    return problemsOf(view).length === 0 ? 0 : 1;
  });
});
