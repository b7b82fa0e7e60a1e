/** What `pgraft_cluster --init` was told about a cluster, for all commands that come after it. */
import { rmSync } from 'node:fs';
import { rememberedSettingsPath } from '../../constructs/remembered-settings.js';
import { projectDirectory, writePrivateFile } from './places.js';

/** Remember the number of servers of cluster `prefix`: loadSettings finds it, until the cluster is destroyed. */
export function rememberNodes(prefix: string, nodes: number): void {
  writePrivateFile(rememberedSettingsPath(projectDirectory, prefix), `${JSON.stringify({ nodes })}\n`);
}

export function forgetSettings(prefix: string): void {
  rmSync(rememberedSettingsPath(projectDirectory, prefix), { force: true });
}
