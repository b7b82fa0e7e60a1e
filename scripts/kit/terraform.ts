/** Runs the cdktf command line, as `npx cdktf ...` would by hand. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings, projectEnvironment } from '../../constructs/load-settings.js';
import type { ClusterSettings } from '../../constructs/settings.js';
import { lockInfoPath, stackIds } from '../../constructs/state-path.js';
import { stateDirectory } from '../../constructs/topology.js';
import { forgetChecksums } from '../../setup/checksums.mjs';
import { hasColours, withoutColours } from './colours.js';
import { UserError } from './errors.js';
import { runToItsEnd, type Ended } from './interruption.js';
import { clusterDirectory, projectDirectory } from './places.js';
import type { Shell } from './shell.js';

export type Action = 'deploy' | 'destroy';
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The name of the Terraform program to use: the user's choice (or what setup.mjs found), terraform, or OpenTofu in its place.
 *
 * @throws UserError when none of them runs
 */
export async function findTerraform(
  $: Shell,
  env: Environment = projectEnvironment(projectDirectory),
): Promise<string> {
  const chosen = env['TERRAFORM_BINARY_NAME'];
  for (const program of chosen === undefined ? ['terraform', 'tofu'] : [chosen]) {
    const output = await $({ timeout: 20_000, input: '' })`command -v ${program}`;
    if (output.exitCode === 0) return program;
  }
  if (chosen !== undefined) {
    throw new UserError(`TERRAFORM_BINARY_NAME is ${chosen}, and there is no such program; unset it or install that`);
  }
  throw new UserError(
    `there is no Terraform on the PATH; install Terraform ${oldestTerraform()} (or OpenTofu), then run this again`,
  );
}

/** Pure: arguments of the cdktf command line. Another cluster than the default one synthesizes to a directory of its own. */
export function cdktfArguments(action: Action, prefix: string, defaultPrefix: string): string[] {
  const output = prefix === defaultPrefix ? [] : ['--output', join(stateDirectory(prefix), 'cdktf.out')];
  return [action, '*', '--auto-approve', ...output];
}

/** Pure: what is added to the environment of cdktf. */
export function cdktfEnvironment(
  { dockerProvider }: Pick<ClusterSettings, 'dockerProvider'>,
  program: string,
  terminal = process.stdout.isTTY,
  env: Environment = process.env,
): Record<string, string> {
  return {
    ...(!hasColours(terminal, env) && withoutColours(env)),
    CHECKPOINT_DISABLE: '1',
    TERRAFORM_BINARY_NAME: program,
    // without a terminal, cdktf's moving picture would be printed frame by frame
    ...(!terminal && { CI: 'true' }),
    // `terraform providers lock` asks the registry, which is out of reach where the embedded provider is chosen
    ...(dockerProvider === 'embedded' && { CDKTF_SKIP_PROVIDER_LOCK: 'true' }),
  };
}

/**
 * Run `cdktf deploy '*'` or `cdktf destroy '*'`.
 *
 * A signal that comes meanwhile ends Terraform in order.
 *
 * @param output hears each line that it prints @default - its output is on this terminal
 */
export async function runCdktf(
  action: Action,
  settings: ClusterSettings,
  program: string,
  output?: (line: string) => void,
): Promise<Ended> {
  // the prefix that plain `npx cdktf deploy` uses
  const { prefix: defaultPrefix } = loadSettings(projectDirectory, {});
  const args = cdktfArguments(action, settings.prefix, defaultPrefix);
  // cdktf makes only the last part of its output directory
  mkdirSync(clusterDirectory(settings.prefix), { recursive: true, mode: 0o700 });
  if (settings.dockerProvider === 'embedded') forgetChecksums(join(projectDirectory, outputDirectory(args)));
  const ended = await runToItsEnd(
    {
      program: join(projectDirectory, 'node_modules/.bin/cdktf'),
      args,
      cwd: projectDirectory,
      env: {
        ...projectEnvironment(projectDirectory),
        ...cdktfEnvironment(settings, program, output === undefined && process.stdout.isTTY),
      },
      terraform: program,
      output,
    },
    console.error,
  );
  const [locked] = leftLocked(settings.prefix);
  if (ended.status !== 0 || locked === undefined) return ended;
  console.error(`Terraform was killed while it worked on stack ${locked}: it did not finish, though cdktf says so`);
  return { ...ended, status: 1 };
}

/** Stacks whose states are still locked once Terraform is gone: it was killed, which cdktf 0.21 takes for its success. */
export function leftLocked(prefix: string, root = projectDirectory): string[] {
  return stackIds.filter((stack) => existsSync(lockInfoPath(root, prefix, stack)));
}

/** Where cdktf synthesizes to, given its arguments. */
function outputDirectory(args: readonly string[]): string {
  return args.includes('--output') ? (args[args.indexOf('--output') + 1] ?? '') : 'cdktf.out';
}

/** Such as `>=1.9.0`: the constraint that the stacks carry and setup.mjs checks. */
function oldestTerraform(): string {
  const { engines } = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8')) as {
    engines: { terraform: string };
  };
  return engines.terraform;
}
