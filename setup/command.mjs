/** Commands of the machine: each with a deadline, none with its output lost when it fails. */
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { SetupError } from './report.mjs';

const tailLines = 15;
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @typedef {object} Outcome
 * @property {number | null} code exit status; null when it was ended by a signal
 * @property {boolean} timedOut
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Run a command to its end, or to the deadline, when it and its children are ended.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ seconds: number, cwd?: string, env?: Record<string, string | undefined> }} options
 * @returns {Promise<Outcome>}
 */
export function attempt(command, args, { seconds, cwd, env }) {
  return new Promise((resolve, reject) => {
    // a group of its own, so that the deadline ends its children, too
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child, 'SIGKILL');
    }, seconds * 1000);
    child.on('error', (error) => {
      clearTimeout(timer);
      running.delete(child);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, timedOut, ...output });
    });
  });
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
function endGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // it has ended by itself
  }
}

/** Hand an interruption on to what is running: it is in groups of its own. */
export function endCommandsOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      for (const child of running) endGroup(child, 'SIGTERM');
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
}

/**
 * Run a command that has to succeed; its standard output is returned.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ seconds: number, fix: string, cwd?: string, env?: Record<string, string | undefined>, excerpt?: (output: string) => string }} options
 * @throws {SetupError} with an excerpt of its output, by default the last lines
 */
export async function run(command, args, options) {
  const outcome = await attempt(command, args, options);
  if (outcome.code === 0) return outcome.stdout;
  const how = outcome.timedOut ? `did not end within ${options.seconds} s` : `ended with status ${outcome.code}`;
  const shown = [command, ...args].join(' ');
  throw new SetupError(
    `\`${shown}\` ${how}${indented((options.excerpt ?? tail)(outcome.stderr || outcome.stdout))}`,
    options.fix,
  );
}

/** @param {string} text */
export function tail(text) {
  return text.trim().split('\n').slice(-tailLines).join('\n');
}

/** @param {string} text */
function indented(text) {
  return text === '' ? '' : `:\n${text.replace(/^/gm, '    ')}\n  `;
}

/**
 * The path of a program, or undefined when it is not on the PATH.
 *
 * @param {string} program
 * @param {string | undefined} path
 */
export function which(program, path = process.env['PATH']) {
  if (program.includes('/')) return executable(program) ? program : undefined;
  return (path ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find(executable);
}

/** @param {string} file */
function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Whether we may install with apt: root on Debian or Ubuntu. */
export function mayInstall() {
  return process.getuid?.() === 0 && which('apt-get') !== undefined && isDebianLike(readOsRelease());
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} osRelease the content of /etc/os-release */
export function isDebianLike(osRelease) {
  const id = /^ID="?([\w.-]+)"?$/m.exec(osRelease)?.[1];
  return id === 'debian' || id === 'ubuntu';
}

/**
 * Install Debian packages; only when `mayInstall()`.
 *
 * @param {readonly string[]} packages
 */
export async function aptInstall(packages) {
  const fix = 'see that the Debian mirror of this machine works (`apt-get update`), then run this again';
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // another apt on this machine holds a lock for a while: wait for it
  const wait = ['-o', 'DPkg::Lock::Timeout=120'];
  await run('apt-get', [...wait, 'update', '-q'], { seconds: 180, fix, env });
  await run('apt-get', [...wait, 'install', '-q', '-y', '--no-install-recommends', ...packages], {
    seconds: 600,
    fix,
    env,
  });
}
