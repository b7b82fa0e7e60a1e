/** The Docker engine: used as it is when it runs, installed and started only by root on Debian or Ubuntu. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, attempt, mayInstall, tail, which } from './command.mjs';
import { startDaemon, untilReady } from './daemon.mjs';
import { fixOfMissingRight } from './docker-right.mjs';
import { SetupError } from './report.mjs';

const readySeconds = 60;

/** @param {string} root @param {(line: string) => void} note */
export async function ensureEngine(root, note) {
  const first = await engineVersion();
  if (first.version !== undefined) return `engine ${first.version} is running`;
  await refuseUnlessOurs(first.problem);
  if (which('docker') === undefined || which('dockerd') === undefined) {
    note('installing docker.io and iptables with apt');
    await aptInstall(['docker.io', 'iptables']);
  }
  // installing may have started it
  const installed = await engineVersion();
  if (installed.version !== undefined) return `engine ${installed.version} installed`;
  return startEngine(root, note);
}

/** @type {import('./daemon.mjs').AskVersion} */
async function engineVersion() {
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
async function refuseUnlessOurs(problem) {
  const { DOCKER_HOST: host } = process.env;
  const fix = describeFix(problem, { host, context: await currentContext(), mayInstall: mayInstall() });
  if (fix !== undefined) throw new SetupError(problem, fix);
}

/** The name of the docker context in use (DOCKER_CONTEXT, or `docker context use`); the one named default is this machine's. */
async function currentContext() {
  if (which('docker') === undefined) return 'default';
  // without a name it is the current one
  const answer = await attempt('docker', ['context', 'inspect', '--format', '{{.Name}}'], { seconds: 15 });
  // one that does not exist is not this machine's, either
  return answer.code === 0 ? answer.stdout.trim() : (process.env['DOCKER_CONTEXT'] ?? 'default');
}

/**
 * What the user has to do, or undefined when setup can do it.
 *
 * @param {string} problem
 * @param {{ host: string | undefined, context: string, mayInstall: boolean }} machine
 */
export function describeFix(problem, { host, context, mayInstall }) {
  const right = fixOfMissingRight(problem);
  if (right !== undefined) return right;
  if (host) return `start the engine that DOCKER_HOST (${host}) names, or unset DOCKER_HOST`;
  if (context !== 'default') {
    return `start the engine of the docker context ${context}, or unset DOCKER_CONTEXT and run \`docker context use default\``;
  }
  if (/did not answer/.test(problem)) return 'see the log of the Docker engine, restart it, then run this again';
  if (!mayInstall) {
    return 'start Docker (Docker Desktop, or `sudo systemctl start docker`); setup starts it itself only as root on Debian or Ubuntu';
  }
  return undefined;
}

/** @param {string} root @param {(line: string) => void} note */
async function startEngine(root, note) {
  if (existsSync('/run/systemd/system') && which('systemctl') !== undefined) {
    note('starting the Docker service');
    await attempt('systemctl', ['start', 'docker'], { seconds: readySeconds });
    const version = await untilReady(engineVersion, readySeconds, 'journalctl -u docker', () => undefined);
    return `engine ${version} started as a service`;
  }
  note('starting dockerd in the background');
  const version = await startDaemon({ directory: join(root, '.pgraft'), ask: engineVersion, seconds: readySeconds });
  return `engine ${version} started, log in .pgraft/dockerd.log`;
}
