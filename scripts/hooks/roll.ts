/** Roll, before a server's container is replaced: one at a time, never the majority. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { projectDirectory } from '../kit/places.js';
import { ancestorTerraform, isTearingDown } from '../kit/processes.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import { isMember, rolling, type Situation } from '../steps/departure.js';

await main(async () => {
  const { input } = readHookCall('roll', process.env);
  const tearingDown = isTearingDown(ancestorTerraform());
  const idle = tearingDown || input.containerId === '';
  const found = idle ? { containerExists: false, member: false } : await look();
  const departure = rolling(input, { tearingDown, ...found });
  if (departure.refuse) throw new UserError(departure.reason);
  console.log(`nothing to do: ${departure.because}`);
  return 0;

  async function look(): Promise<Omit<Situation, 'tearingDown'>> {
    const { dockerProvider } = loadSettings(projectDirectory);
    const { prefix, node, containerId } = input;
    return withLive({ prefix, dockerProvider }, async (live) => {
      const objects = await live.docker.objects(prefix);
      const containerExists = objects.containers.some(({ id }) => id === containerId);
      const view = await readCluster(live, { objects });
      return { containerExists, member: isMember(view, node, live.secrets?.formed) };
    });
  }
});
