/** npm run recover: the last resort, when no majority can come back: go on from the server with the newest data. */
import { loadSettings } from '../constructs/load-settings.js';
import { clusterTopology } from '../constructs/topology.js';
import { openCommand, serverArgument } from './kit/command-line.js';
import { main } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { withOperation } from './kit/operation.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { withLive, type Live } from './live/open.js';
import { paintFor } from './live/paint.js';
import { pickNode } from './live/pick.js';
import { readExistingCluster } from './live/read.js';
import { statusPage } from './live/status-page.js';
import { describeSurvey, planRecovery } from './steps/recover-plan.js';
import { recover } from './steps/recover.js';
import { survey } from './steps/survey.js';

const command = openCommand('recover')
  .description(
    'The last resort, when no majority of the Raft group can come back: go on from the server with the newest data.',
  )
  .argument('[node]', 'name, container or id of that server; without it, only tell what each one has', serverArgument)
  .option('--dry-run', 'tell what would be done, and change nothing')
  .addHelpText(
    'after',
    '\nWhat only lost servers had is gone. While a majority is there it refuses. Broken off, it may be run again.',
  )
  .parse();
const [given] = command.args;
const { dryRun = false } = command.opts<{ dryRun?: boolean }>();

await main(async () => {
  const settings = loadSettings(projectDirectory);
  const report = openReport();
  // who only looks disturbs nobody
  const alone = async (work: () => Promise<number>) =>
    dryRun || given === undefined ? work() : withOperation(settings.prefix, `npm run recover ${given}`, work);
  const work = async (live: Live) => {
    const view = await readExistingCluster(live);
    const surveyed = await survey(live, view);
    for (const line of describeSurvey(surveyed)) report.note(line);
    const plan = planRecovery(surveyed, given === undefined ? undefined : pickNode(surveyed.servers, given));
    if (plan.kind === 'stop') throw new UserError(plan.reason);
    const others = plan.others.map(({ container }) => container).join(', ');
    if (dryRun) {
      const rest = others === '' ? '' : `; ${others} would be added to it, their data made to fit`;
      report.note(
        plan.kind === 'add'
          ? `${others} would be added to the group of ${plan.chosen.container}, their data made to fit: nothing was changed`
          : `${plan.chosen.container} would go on as a new group, in a term above ${plan.term}${rest}: nothing was changed`,
      );
      return 0;
    }
    const recovered = await recover(plan, clusterTopology(settings), live, report);
    console.log(`\n${statusPage(recovered, paintFor(process.stdout))}\n`);
    return 0;
  };
  return alone(async () => withLive(settings, work));
});
