/** npm run switchover: another server becomes the primary, as planned. */
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand, serverArgument } from './kit/command-line.js';
import { main } from './kit/command.js';
import { refuseDuringDeploy, withOperation } from './kit/operation.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { withWishes } from './kit/stoppable.js';
import { withLive } from './live/open.js';
import { switchedSentence, switchover } from './steps/switchover.js';

const command = openCommand('switchover')
  .description('Make another server the primary, and wait until the old one streams from it.')
  .argument('[node]', 'name, container or id of that server; without it the standby that suits best', serverArgument)
  .addHelpText(
    'after',
    '\nCommits under way are finished first; those that come meanwhile wait, and fail with SQLSTATE 57P03, not made, once the other\n' +
      'server leads. Clients have to connect again. Where nobody can take over it refuses, and changes nothing.\n' +
      '\nExample: npm run switchover -- replica1',
  )
  .parse();
const [to] = command.args;

await main(async () => {
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  const name = ['npm run switchover', ...command.args].join(' ');
  return withOperation(prefix, name, async () => {
    refuseDuringDeploy(prefix);
    return withWishes(async ({ end }) =>
      withLive(settings, async (live) => {
        console.log(switchedSentence(await switchover(live, { to, report: openReport(), end })));
        return 0;
      }),
    );
  });
});
