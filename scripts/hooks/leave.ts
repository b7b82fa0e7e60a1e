/** Leave, before a server's container goes for good: the member leaves the group first. */
import { readHookCall } from '../../constructs/hook-input.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { ancestorTerraform } from '../kit/processes.js';
import { isTearingDown, notePath } from '../kit/teardown-note.js';
import { leaving } from '../steps/departure.js';

await main(() => {
  const { input } = readHookCall('leave', process.env);
  const departure = leaving(input, isTearingDown(notePath(input.prefix), ancestorTerraform()));
  if (departure.refuse) throw new UserError(departure.reason);
  console.log(`nothing to do: ${departure.because}`);
  return 0;
});
