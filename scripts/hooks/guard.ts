/** Guard, before anything is created: nobody else has our ports or our names. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { findShortages } from '../kit/capacity.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { findObstacles } from '../kit/guards.js';
import { projectDirectory } from '../kit/places.js';
import { $ } from '../kit/shell.js';

await main(async () => {
  const { cluster } = readHookCall('guard', process.env);
  const obstacles = await findObstacles(cluster, $);
  obstacles.push(...(await findShortages(cluster, loadSettings(projectDirectory), $)));
  if (obstacles.length > 0) throw new UserError(`nothing was created: ${obstacles.join('\n       ')}`);
  console.log('ports and names are free, memory and disk suffice');
  return 0;
});
