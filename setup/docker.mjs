/** The Docker engine: used as it is when it runs, installed and started only by root on Debian or Ubuntu. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { aptInstall, attempt, mayInstall, tail, which } from './command.mjs';
import { ownerOf } from './lock.mjs';
import { SetupError } from './report.mjs';

const readySeconds = 60;
const pollMilliseconds = 200;

/** @param {string} root @param {(line: string) => void} note */
export async function ensureEngine(root, note) {
  const first = await engineVersion();
  if (first.version !== undefined) return `engine ${first.version} is running`;
  refuseUnlessOurs(first.problem);
  if (which('docker') === undefined || which('dockerd') === undefined) {
    note('installing docker.io and iptables with apt');
    await aptInstall(['docker.io', 'iptables']);
  }
  // installing may have started it
  const installed = await engineVersion();
  if (installed.version !== undefined) return `engine ${installed.version} installed`;
  return startEngine(root, note);
}

/**
 * Asks the engine for its version; else says what is in the way.
 *
 * @returns {Promise<{ version: string, problem?: undefined } | { version?: undefined, problem: string }>}
 */
export async function engineVersion() {
  if (which('docker') === undefined) return { problem: 'the docker command is not on the PATH' };
  const answer = await attempt('docker', ['version', '--format', '{{.Server.Version}}'], { seconds: 15 });
  if (answer.code === 0) return { version: answer.stdout.trim() };
  return { problem: answer.timedOut ? 'the Docker engine did not answer within 15 s' : tail(answer.stderr) };
}

/**
 * Every case in which an engine of ours would not help, or is not ours to start.
 *
 * @param {string} problem
 */
function refuseUnlessOurs(problem) {
  const fix = describeFix(problem, process.env.DOCKER_HOST, mayInstall());
  if (fix !== undefined) throw new SetupError(problem, fix);
}

/**
 * What the user has to do, or undefined when setup can do it.
 *
 * @param {string} problem
 * @param {string | undefined} dockerHost
 * @param {boolean} canInstall
 */
export function describeFix(problem, dockerHost, canInstall) {
  if (/permission denied/i.test(problem)) {
    return 'run as a user who may use Docker: root, or a member of the group docker (`sudo usermod -aG docker $USER`, then log in again)';
  }
  if (dockerHost !== undefined && dockerHost !== '') {
    return `start the engine that DOCKER_HOST (${dockerHost}) names, or unset DOCKER_HOST`;
  }
  if (/did not answer/.test(problem)) return 'see the log of the Docker engine, restart it, then run this again';
  if (!canInstall) {
    return 'start Docker (Docker Desktop, or `sudo systemctl start docker`); setup starts it itself only as root on Debian or Ubuntu';
  }
  return undefined;
}

/** @param {string} root @param {(line: string) => void} note */
async function startEngine(root, note) {
  const directory = join(root, '.pgraft');
  const log = join(directory, 'dockerd.log');
  if (existsSync('/run/systemd/system') && which('systemctl') !== undefined) {
    note('starting the Docker service');
    await attempt('systemctl', ['start', 'docker'], { seconds: readySeconds });
    return `engine ${await waitUntilReady(() => undefined, 'journalctl -u docker')} started as a service`;
  }
  note('starting dockerd in the background');
  mkdirSync(directory, { recursive: true });
  const output = openSync(log, 'w');
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', output, output], cwd: '/' });
  closeSync(output);
  /** @type {string | undefined} */
  let ended;
  daemon.on('error', (error) => (ended = error.message));
  daemon.on('exit', (code, signal) => (ended = `it ended with ${signal ?? `status ${code}`}`));
  daemon.unref();
  const version = await waitUntilReady(() => ended && `${ended}:\n${tail(readFileSync(log, 'utf8'))}\n`, log);
  // .ci/run stops what we started, and nothing else
  writeFileSync(join(directory, 'dockerd.pid'), JSON.stringify(ownerOf(daemon.pid ?? 0)));
  return `engine ${version} started, log in .pgraft/dockerd.log`;
}

/** @param {() => string | undefined} failure @param {string} log */
async function waitUntilReady(failure, log) {
  const deadline = Date.now() + readySeconds * 1000;
  let last = '';
  while (Date.now() < deadline) {
    const { version, problem } = await engineVersion();
    if (version !== undefined) return version;
    last = problem;
    const failed = failure();
    if (failed) throw new SetupError(`dockerd could not be started: ${failed}`, `see ${log}`);
    await delay(pollMilliseconds);
  }
  throw new SetupError(`dockerd was not ready within ${readySeconds} s: ${last}`, `see ${log}`);
}
