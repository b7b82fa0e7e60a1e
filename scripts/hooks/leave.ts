/** Leave, before a server's container goes for good: the member leaves the group first. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { projectDirectory } from '../kit/places.js';
import { ancestorTerraform, isTearingDown } from '../kit/processes.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import { isMember, leaving } from '../steps/departure.js';

await main(async () => {
  const { input } = readHookCall('leave', process.env);
  const tearingDown = isTearingDown(ancestorTerraform());
  const departure = leaving(input, {
    tearingDown,
    member: input.present === 'yes' && !tearingDown && (await member()),
  });
  if (departure.refuse) throw new UserError(departure.reason);
  console.log(`nothing to do: ${departure.because}`);
  return 0;

  async function member(): Promise<boolean> {
    const { dockerProvider } = loadSettings(projectDirectory);
    const { prefix, node } = input;
    return withLive({ prefix, dockerProvider }, async (live) =>
      isMember(await readCluster(live), node, live.secrets?.formed),
    );
  }
});
