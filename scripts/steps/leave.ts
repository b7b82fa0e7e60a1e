/** A server leaves for good, in a cluster that goes on. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { UserError } from '../kit/errors.js';
import { projectDirectory } from '../kit/places.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import { isMember, leaving } from './departure.js';

/** @throws UserError when the server is a member, and so must not go yet */
export async function leave(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { input } = readHookCall('leave', env);
  const departure = leaving(input, { member: input.present === 'yes' && (await member()) });
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
}
