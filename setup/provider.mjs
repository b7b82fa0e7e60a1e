/**
 * The Docker provider: the registry's where Terraform can download it, else the embedded one, built from provider/ and
 * installed where Terraform looks for providers of its own accord.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, which } from './command.mjs';
import { readEnvFile, updateEnvFile } from './env-file.mjs';
import { registryReachable } from './registry.mjs';
import { SetupError } from './report.mjs';
import { terraformBinary } from './terraform.mjs';

const source = 'pgraft.local/embedded/docker';
const choices = ['registry', 'embedded'];

/** @param {string} root @param {(line: string) => void} note */
export async function ensureProvider(root, note) {
  const { choice, because } = await chooseProvider(root);
  if (choice === 'registry') return `from the registry (${because})`;
  const done = await ensureEmbedded(root, note);
  return `embedded (${because}), ${done}`;
}

/**
 * The user's choice, else the remembered one, else what the network allows; that answer is remembered in .env.
 *
 * @param {string} root
 */
async function chooseProvider(root) {
  const given = process.env.PGRAFT_DOCKER_PROVIDER;
  const choice = given ?? readEnvFile(root).PGRAFT_DOCKER_PROVIDER;
  if (choice !== undefined) {
    if (!choices.includes(choice)) {
      throw new SetupError(`PGRAFT_DOCKER_PROVIDER is ${choice}`, `set it to ${choices.join(' or ')}, or remove it`);
    }
    if (choice === 'embedded') updateEnvFile(root, cdktfSettings);
    return { choice, because: given === undefined ? 'remembered in .env' : 'chosen by PGRAFT_DOCKER_PROVIDER' };
  }
  const registry = await registryReachable(terraformBinary(root));
  if (registry.reachable) {
    updateEnvFile(root, { PGRAFT_DOCKER_PROVIDER: 'registry', CHECKPOINT_DISABLE: '1' });
    return { choice: 'registry', because: 'it can be reached, remembered in .env' };
  }
  updateEnvFile(root, { PGRAFT_DOCKER_PROVIDER: 'embedded', ...cdktfSettings });
  return { choice: 'embedded', because: `the registry cannot be reached: ${registry.why}` };
}

/** `terraform providers lock` asks the registry, and so does Terraform's check for news. */
const cdktfSettings = { CDKTF_SKIP_PROVIDER_LOCK: 'true', CHECKPOINT_DISABLE: '1' };

/** @param {string} root @param {(line: string) => void} note */
async function ensureEmbedded(root, note) {
  const code = join(root, 'provider');
  const { version } = JSON.parse(readFileSync(join(code, 'version.json'), 'utf8'));
  const place = pluginPlace(homedir(), version, process.platform, process.arch);
  const hash = sourceHash(code);
  const upToDate = existsSync(place.program) && readIfPresent(place.stamp) === hash;
  if (!upToDate) {
    note('building the embedded provider from provider/');
    await build(code, place.program);
    writeFileSync(place.stamp, hash);
  }
  forgetOtherBuilds(root, hash);
  return upToDate ? `version ${version} is up to date` : `version ${version} built`;
}

/**
 * Where Terraform finds the provider without any configuration, and where the hash of its source is noted: beside the
 * directory that Terraform takes checksums of.
 *
 * @param {string} home @param {string} version @param {string} platform as Node names it @param {string} architecture
 */
export function pluginPlace(home, version, platform, architecture) {
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
 * Terraform's lock files hold a checksum of the provider and refuse another build of the same version, so those that were
 * written with another build go.
 *
 * @param {string} root @param {string} hash
 */
function forgetOtherBuilds(root, hash) {
  const used = join(root, '.pgraft', 'provider.source');
  if (readIfPresent(used) === hash) return;
  const stacks = join(root, 'cdktf.out', 'stacks');
  for (const stack of existsSync(stacks) ? readdirSync(stacks) : []) {
    rmSync(join(stacks, stack, '.terraform.lock.hcl'), { force: true });
  }
  mkdirSync(dirname(used), { recursive: true });
  writeFileSync(used, hash);
}

/** @param {string} file */
function readIfPresent(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
