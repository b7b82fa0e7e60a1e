/** npm run drill: the documented failover drill, with times. */
import { Command } from 'commander';
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { main } from './kit/command.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { failoverSentence } from './live/failover.js';
import { withLive } from './live/open.js';
import { primaryOf } from './live/view.js';
import { drill } from './steps/drill.js';

new Command('drill')
  .description('Hand leadership over to another server, see that it took over, and that failover is enabled again.')
  .addHelpText(
    'after',
    '\nIt begins only with a healthy cluster of two servers or more. Clients have to connect again.',
  )
  .allowExcessArguments(false)
  .parse();

await main(async () => {
  const begin = performance.now();
  await withLive(loadSettings(projectDirectory), async (live) => {
    const view = await drill(live, openReport());
    const took = prettyMs(performance.now() - begin);
    console.log(
      `Drill passed in ${took}. Primary: ${primaryOf(view)?.container ?? 'none'}. Failover safe now: ${failoverSentence(view)}`,
    );
  });
  return 0;
});
