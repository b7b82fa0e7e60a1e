/** Terraform, else OpenTofu: what plans and applies the stacks. */
import { attempt, tail, which } from './command.mjs';
import { readEnvFile, updateEnvFile } from './env-file.mjs';
import { SetupError } from './report.mjs';
import { isOlder, oldestVersion } from './requirements.mjs';

const answerSeconds = 30;
const whereToGet = () =>
  `install Terraform >= ${oldestVersion('terraform')} (developer.hashicorp.com/terraform/install) or OpenTofu of that version (opentofu.org/docs/intro/install)`;

/**
 * @typedef {object} Finder
 * @property {(program: string) => string | undefined} find the program's path
 * @property {(path: string) => Promise<string>} ask its version
 */

/**
 * Find the program, see that it is new enough, and remember in .env when it is not called `terraform`.
 *
 * @param {string} root
 * @param {Finder} finder
 * @returns {Promise<string>} path and version
 */
export async function findTerraform(root, { find, ask } = { find: which, ask: versionOf }) {
  const { program, path } = choose(root, find);
  const version = await ask(path);
  const oldest = oldestVersion('terraform');
  if (isOlder(version, oldest))
    throw new SetupError(`${path} is version ${version}, older than ${oldest}`, whereToGet());
  if (program === terraformBinary(root)) return `${path} ${version}`;
  updateEnvFile(root, { TERRAFORM_BINARY_NAME: program });
  return `${path} ${version} (OpenTofu, remembered in .env)`;
}

/** @param {string} root the program's name, as the environment or .env gives it */
export function terraformBinary(root) {
  return process.env['TERRAFORM_BINARY_NAME'] || readEnvFile(root)['TERRAFORM_BINARY_NAME'] || 'terraform';
}

/**
 * @param {string} root
 * @param {Finder['find']} find
 * @returns {{ program: string, path: string }}
 */
function choose(root, find) {
  const chosen = terraformBinary(root);
  const path = find(chosen);
  if (path !== undefined) return { program: chosen, path };
  if (chosen !== 'terraform') {
    throw new SetupError(
      `TERRAFORM_BINARY_NAME is ${chosen}, which is not on the PATH`,
      'install it, or remove that setting from the environment and from .env',
    );
  }
  const tofu = find('tofu');
  if (tofu === undefined) throw new SetupError('neither terraform nor tofu is on the PATH', whereToGet());
  return { program: 'tofu', path: tofu };
}

/** @param {string} path @returns {Promise<string>} such as 1.11.4 */
async function versionOf(path) {
  // without news from the vendor, which would be waited for
  const env = { CHECKPOINT_DISABLE: '1' };
  const { code, timedOut, stdout, stderr } = await attempt(path, ['version', '-json'], { seconds: answerSeconds, env });
  const version = /"terraform_version":\s*"([^"]+)"/.exec(stdout)?.[1];
  if (code === 0 && version !== undefined) return version;
  const why = timedOut ? `no answer within ${answerSeconds} s` : tail(stderr || stdout) || `status ${code}`;
  throw new SetupError(`\`${path} version\` does not say its version: ${why}`, `see that it runs, or ${whereToGet()}`);
}
