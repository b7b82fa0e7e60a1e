/** Terraform, else OpenTofu: what plans and applies the stacks. */
import { which } from './command.mjs';
import { readEnvFile, updateEnvFile } from './env-file.mjs';
import { SetupError } from './report.mjs';

/**
 * Find the program, and remember in .env when it is not called `terraform`.
 *
 * @param {string} root
 * @param {(program: string) => string | undefined} find
 */
export function findTerraform(root, find = which) {
  const chosen = terraformBinary(root);
  if (chosen !== 'terraform') {
    const path = find(chosen);
    if (path !== undefined) return path;
    throw new SetupError(
      `TERRAFORM_BINARY_NAME is ${chosen}, which is not on the PATH`,
      'install it, or remove that setting from the environment and from .env',
    );
  }
  const terraform = find('terraform');
  if (terraform !== undefined) return terraform;
  const tofu = find('tofu');
  if (tofu === undefined) {
    throw new SetupError(
      'neither terraform nor tofu is on the PATH',
      'install Terraform >= 1.9 (developer.hashicorp.com/terraform/install) or OpenTofu (opentofu.org/docs/intro/install)',
    );
  }
  updateEnvFile(root, { TERRAFORM_BINARY_NAME: 'tofu' });
  return `${tofu} (OpenTofu, remembered in .env)`;
}

/** @param {string} root the program's name, as the environment or .env gives it */
export function terraformBinary(root) {
  return process.env.TERRAFORM_BINARY_NAME ?? readEnvFile(root).TERRAFORM_BINARY_NAME ?? 'terraform';
}
