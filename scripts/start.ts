/** npm start: from wherever the machine is to a running cluster, and its status. */
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { paintFor } from './live/paint.js';
import { statusPage } from './live/status-page.js';
import { bringUp } from './steps/bring-up.js';

openCommand('start')
  .description('Bring the cluster up: create what is missing, start what was stopped, and show the status.')
  .parse();

await main(async () => {
  const begin = performance.now();
  const settings = loadSettings(projectDirectory);
  const { prefix, nodes } = settings;
  const report = openReport();
  const servers = nodes === 1 ? '1 server' : `${nodes} servers`;
  report.note(`Bringing up cluster ${prefix}: ${servers} of PostgreSQL 17 that agree through Raft on one primary.`);
  const view = await bringUp(settings, { report });
  console.log(`\n${statusPage(view, paintFor(process.stdout))}\n`);
  console.log(`Done in ${prettyMs(performance.now() - begin)}. Connect with: psql "$(npm run -s url)"`);
  return 0;
});
