/** Guard, before anything is created: nobody else has our ports or our names, and a killed first deploy is cleared away. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { findShortages } from '../kit/capacity.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { beginFirstDeploy } from '../kit/first-deploy.js';
import { findObstacles } from '../kit/guards.js';
import { projectDirectory } from '../kit/places.js';
import { $ } from '../kit/shell.js';
import { sweepFirstDeploy } from '../steps/sweep.js';

await main(async () => {
  const { cluster } = readHookCall('guard', process.env);
  await sweepFirstDeploy(cluster.prefix, ['container', 'network'], $);
  const obstacles = await findObstacles(cluster, $);
  obstacles.push(...(await findShortages(cluster, loadSettings(projectDirectory), $)));
  if (obstacles.length > 0) throw new UserError(`nothing was created: ${obstacles.join('\n       ')}`);
  beginFirstDeploy(cluster.prefix);
  console.log('ports and names are free, memory and disk suffice');
  return 0;
});
