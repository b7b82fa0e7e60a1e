/**
 * The Docker provider: the registry's where Terraform can download it, else the embedded one, built from provider/ and
 * installed where Terraform looks for providers of its own accord.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { forgetChecksums } from './checksums.mjs';
import { run, which } from './command.mjs';
import { readEnvFile, updateEnvFile } from './env-file.mjs';
import { registryReachable } from './registry.mjs';
import { SetupError } from './report.mjs';
import { terraformBinary } from './terraform.mjs';

const choices = ['registry', 'embedded'];

/** @param {string} root @param {(line: string) => void} note */
export async function ensureProvider(root, note) {
  const { choice, because } = await chooseProvider(root);
  if (choice === 'registry') return `from the registry (${because})`;
  const done = await ensureEmbedded(root, note);
  return `embedded (${because}), ${done}`;
}

/**
 * The user's choice, else the remembered one, else what the network allows; only that answer is remembered in .env, which
 * would win over a choice in cdktf.json.
 *
 * @param {string} root
 * @param {{ environment?: Record<string, string | undefined>, reachable?: () => ReturnType<typeof registryReachable> }} machine
 */
export async function chooseProvider(root, { environment = process.env, reachable } = {}) {
  const chosen = choiceOf(root, environment);
  if (chosen !== undefined) {
    if (!choices.includes(chosen.choice)) {
      throw new SetupError(
        `dockerProvider is ${JSON.stringify(chosen.choice)} (${chosen.because})`,
        `make it ${choices.join(' or ')}, or remove it`,
      );
    }
    if (chosen.choice === 'embedded') updateEnvFile(root, cdktfSettings);
    return chosen;
  }
  const registry = await (reachable ?? (() => registryReachable(terraformBinary(root))))();
  if (registry.reachable) {
    updateEnvFile(root, { PGRAFT_DOCKER_PROVIDER: 'registry', CHECKPOINT_DISABLE: '1' });
    return { choice: 'registry', because: 'it can be reached, remembered in .env' };
  }
  updateEnvFile(root, { PGRAFT_DOCKER_PROVIDER: 'embedded', ...cdktfSettings });
  return { choice: 'embedded', because: `the registry cannot be reached: ${registry.why}` };
}

/**
 * What was chosen before, by the order of constructs/settings.ts: the environment, .env, the context of cdktf.json.
 *
 * @param {string} root @param {Record<string, string | undefined>} environment
 * @returns {{ choice: string, because: string } | undefined}
 */
function choiceOf(root, environment) {
  const given = environment['PGRAFT_DOCKER_PROVIDER'];
  if (given) return { choice: given, because: 'chosen by PGRAFT_DOCKER_PROVIDER' };
  const context = contextChoice(root);
  const remembered = readEnvFile(root)['PGRAFT_DOCKER_PROVIDER'];
  if (!remembered) return context === undefined ? undefined : { choice: context, because: 'chosen in cdktf.json' };
  const won = context === undefined || context === remembered ? '' : `, which wins over ${context} in cdktf.json`;
  return { choice: remembered, because: `remembered in .env${won}` };
}

/** @param {string} root @returns {string | undefined} */
function contextChoice(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'cdktf.json'), 'utf8')).context?.dockerProvider;
  } catch {
    return undefined; // missing or damaged: the settings say so, with the reason
  }
}

/** `terraform providers lock` asks the registry, and so does Terraform's check for news. */
const cdktfSettings = { CDKTF_SKIP_PROVIDER_LOCK: 'true', CHECKPOINT_DISABLE: '1' };

/** @param {string} root @param {(line: string) => void} note */
async function ensureEmbedded(root, note) {
  const code = join(root, 'provider');
  const { version } = JSON.parse(readFileSync(join(code, 'version.json'), 'utf8'));
  const place = pluginPlace(homedir(), sourceAddress(code), version, process.platform, process.arch);
  const hash = sourceHash(code);
  const upToDate = existsSync(place.program) && readIfPresent(place.stamp) === hash;
  if (!upToDate) {
    note('building the embedded provider from provider/');
    await build(code, place.program);
    writeFileSync(place.stamp, hash);
  }
  forgetOtherBuilds(root, `${hash} ${statSync(place.program).mtimeMs}`);
  return upToDate ? `version ${version} is up to date` : `version ${version} built`;
}

/**
 * The provider's address in a Terraform configuration: the path of its Go module.
 *
 * @param {string} code
 */
export function sourceAddress(code) {
  const address = /^module (\S+)$/m.exec(readFileSync(join(code, 'go.mod'), 'utf8'))?.[1];
  if (address === undefined) throw new SetupError('provider/go.mod names no module', 'check the project out again');
  return address;
}

/**
 * Where Terraform finds the provider without any configuration, and where the hash of its source is noted: beside the
 * directory that Terraform takes checksums of.
 *
 * @param {string} home @param {string} source @param {string} version
 * @param {string} platform as Node names it @param {string} architecture
 */
export function pluginPlace(home, source, version, platform, architecture) {
  const system = platform === 'win32' ? 'windows' : platform;
  const target = `${system}_${architecture === 'x64' ? 'amd64' : architecture}`;
  const directory = join(home, '.terraform.d', 'plugins', source, version);
  return {
    program: join(directory, target, `terraform-provider-docker_v${version}`),
    stamp: join(directory, `${target}.source`),
  };
}

/**
 * A hash over everything that the program is built from: names and contents, tests left out.
 *
 * @param {string} code the directory of the Go module
 */
export function sourceHash(code) {
  const hash = createHash('sha256');
  const files = readdirSync(code, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /(^|\/)(go\.mod|go\.sum|version\.json|[^/]*\.go)$/.test(file) && !file.endsWith('_test.go'))
    .sort();
  for (const file of files) {
    const content = readFileSync(join(code, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} code @param {string} program */
async function build(code, program) {
  if (which('go') === undefined) {
    throw new SetupError(
      'the embedded Docker provider has to be built, and go is not on the PATH',
      'install Go >= 1.25, or give this machine a way to the Terraform registry and remove PGRAFT_DOCKER_PROVIDER from .env',
    );
  }
  mkdirSync(dirname(program), { recursive: true });
  // outside the directory that Terraform takes checksums of, and put in place at once: a plan may be running
  const draft = join(dirname(dirname(program)), `build.${process.pid}`);
  try {
    await run('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', draft, '.'], {
      cwd: code,
      seconds: 900,
      fix: 'see that the Go module proxy of this machine works (`go env GOPROXY`), then run this again',
      env: { CGO_ENABLED: '0' },
    });
    renameSync(draft, program);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Forget what Terraform knows of another build: for the default cluster, and for every other one (README.md has their
 * directories).
 *
 * @param {string} root
 * @param {string} build what tells this build from others, one of another checkout of the same sources included
 */
export function forgetOtherBuilds(root, build) {
  const state = join(root, '.pgraft');
  const used = join(state, 'provider.build');
  if (readIfPresent(used) === build) return;
  mkdirSync(state, { recursive: true });
  forgetChecksums(join(root, 'cdktf.out'));
  for (const prefix of readdirSync(state)) forgetChecksums(join(state, prefix, 'cdktf.out'));
  writeFileSync(used, build);
}

/** @param {string} file */
function readIfPresent(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
