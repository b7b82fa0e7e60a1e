/** npm run drill: the documented failover drill, with times. */
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { refuseDuringDeploy, withOperation } from './kit/operation.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { withWishes } from './kit/stoppable.js';
import { failoverSentence } from './live/failover.js';
import { withLive } from './live/open.js';
import { primaryOf } from './live/view.js';
import { drill } from './steps/drill.js';

openCommand('drill')
  .description('Hand leadership over to another server, see that it took over, and that failover is enabled again.')
  .addHelpText(
    'after',
    '\nIt begins only with a healthy cluster of two servers or more. Clients have to connect again.',
  )
  .parse();

await main(async () => {
  const begin = performance.now();
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  return withOperation(prefix, 'npm run drill', async () => {
    refuseDuringDeploy(prefix);
    return withWishes(async ({ end }) =>
      withLive(settings, async (live) => {
        const view = await drill(live, openReport(), end);
        const took = prettyMs(performance.now() - begin);
        console.log(
          `Drill passed in ${took}. Primary: ${primaryOf(view)?.container ?? 'none'}. Failover safe now: ${failoverSentence(view)}`,
        );
        return 0;
      }),
    );
  });
});
