/** Guards the directory that stacks are synthesized to, usually cdktf.out, against being used for two clusters. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SettingsError } from './settings.js';
import { stackIds, statePath } from './state-path.js';
import { stateDirectory } from './topology.js';

/**
 * Refuse to synthesize the cluster `prefix` to `outdir` when Terraform last worked there for another one: it would offer to
 * migrate that cluster's state into this one's, and then replace its servers.
 *
 * @param root the project's directory, absolute
 * @throws SettingsError saying where to synthesize instead, or what is damaged
 */
export function claimOutputDirectory(outdir: string, root: string, prefix: string): void {
  for (const stack of stackIds) {
    const used = usedStatePath(join(outdir, 'stacks', stack));
    if (used === undefined || used === statePath(root, prefix, stack)) continue;
    const own = `${stateDirectory(prefix)}/cdktf.out`;
    throw new SettingsError([
      `${relative(root, outdir) || outdir} was used for the state ${used}, and the cluster is now ${prefix}; ` +
        `add --output ${own}, or remove the directory (it holds no state)`,
    ]);
  }
}

/** The state file that `terraform init` noted down in a stack's directory; undefined where it never ran. */
function usedStatePath(directory: string): string | undefined {
  const note = join(directory, '.terraform', 'terraform.tfstate');
  if (!existsSync(note)) return undefined;
  try {
    const { backend } = JSON.parse(readFileSync(note, 'utf8')) as { backend?: { config?: { path?: string } } };
    return backend?.config?.path;
  } catch {
    throw new SettingsError([
      `${note} is damaged; remove ${dirname(note)}, which Terraform makes anew and which holds no state`,
    ]);
  }
}
