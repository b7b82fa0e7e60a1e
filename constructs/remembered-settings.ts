/** Where a cluster's own settings are kept: those that were given to the command that made it. */
import { join } from 'node:path';
import { stateDirectory } from './topology.js';

/** A JSON object by the names of the context of cdktf.json. It goes with the cluster. */
export function rememberedSettingsPath(root: string, prefix: string): string {
  return join(root, stateDirectory(prefix), 'settings.json');
}
