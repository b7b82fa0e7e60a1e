/**
 * Terraform's lock files hold a checksum of each provider and refuse another build of the same version. The embedded
 * provider is built on this machine, so after each build the checksums of the one before are wrong.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Forget the checksums of the stacks that were synthesized to `output`.
 *
 * @param {string} output a directory such as cdktf.out; it may be missing
 */
export function forgetChecksums(output) {
  const stacks = join(output, 'stacks');
  for (const stack of existsSync(stacks) ? readdirSync(stacks) : []) {
    rmSync(join(stacks, stack, '.terraform.lock.hcl'), { force: true });
  }
}
