/** A server's container is replaced, in a cluster that goes on. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { UserError } from '../kit/errors.js';
import { projectDirectory } from '../kit/places.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import { isMember, rolling, type Situation } from './departure.js';

/** @throws UserError when the server is a member, and so must not go yet */
export async function roll(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { input } = readHookCall('roll', env);
  const found = input.containerId === '' ? { containerExists: false, member: false } : await look();
  const departure = rolling(input, found);
  if (departure.refuse) throw new UserError(departure.reason);
  console.log(`nothing to do: ${departure.because}`);
  return 0;

  async function look(): Promise<Situation> {
    const { dockerProvider } = loadSettings(projectDirectory);
    const { prefix, node, containerId } = input;
    return withLive({ prefix, dockerProvider }, async (live) => {
      const objects = await live.docker.objects(prefix);
      const containerExists = objects.containers.some(({ id }) => id === containerId);
      const view = await readCluster(live, { objects });
      return { containerExists, member: isMember(view, node, live.secrets?.formed) };
    });
  }
}
