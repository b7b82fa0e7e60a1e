/** A dockerd of our own: started in the background, its owner noted down so that setup/stop-engine.mjs stops it and no other. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tail } from './command.mjs';
import { isAlive, ownerOf } from './lock.mjs';
import { SetupError } from './report.mjs';

const pollMilliseconds = 200;
const stopSeconds = 60;

/**
 * Says the engine's version once it answers, else what is in the way.
 *
 * @callback AskVersion
 * @returns {Promise<{ version: string, problem?: undefined } | { version?: undefined, problem: string }>}
 */

/** @param {string} directory the project's .pgraft */
function ownerFile(directory) {
  return join(directory, 'dockerd.pid');
}

/**
 * Start the daemon and wait until it answers; what does not, or is given up with Ctrl-C, is stopped again.
 *
 * @param {object} options
 * @param {string} options.directory where its log and the note of its owner go
 * @param {AskVersion} options.ask
 * @param {number} options.seconds until it has to answer
 * @param {readonly [string, ...string[]]} [options.command]
 * @returns {Promise<string>} its version
 */
export async function startDaemon({ directory, ask, seconds, command = ['dockerd'] }) {
  mkdirSync(directory, { recursive: true });
  const log = join(directory, 'dockerd.log');
  const earlier = await awaitEarlier(directory, ask, seconds);
  if (earlier !== undefined) return earlier;
  const output = openSync(log, 'w');
  const [program, ...args] = command;
  const daemon = spawn(program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/' });
  closeSync(output);
  /** @type {string | undefined} */
  let ended;
  daemon.on('error', (error) => (ended = error.message));
  daemon.on('exit', (code, signal) => (ended = `it ended with ${signal ?? `status ${code}`}`));
  daemon.unref();
  // at once: whoever ends us now must still find out whose it is
  if (daemon.pid !== undefined) writeFileSync(ownerFile(directory), JSON.stringify(ownerOf(daemon.pid)));
  const giveUp = () => {
    daemon.kill('SIGTERM');
  };
  process.on('exit', giveUp);
  try {
    return await untilReady(ask, seconds, log, () => ended && `${ended}:\n${tail(readFileSync(log, 'utf8'))}\n`);
  } catch (error) {
    await stopDaemon(directory);
    throw error;
  } finally {
    process.off('exit', giveUp);
  }
}

/**
 * Stop the daemon that was started here, if it still runs.
 *
 * @param {string} directory
 * @returns {Promise<boolean>} whether there was a note of one
 * @throws {SetupError} when it does not stop
 */
export async function stopDaemon(directory) {
  const owner = readOwner(directory);
  if (owner === undefined) return false;
  const deadline = Date.now() + stopSeconds * 1000;
  if (isAlive(owner)) process.kill(owner.pid, 'SIGTERM');
  while (isAlive(owner)) {
    if (Date.now() > deadline) {
      throw new SetupError(`process ${owner.pid} did not stop within ${stopSeconds} s`, 'end it by hand');
    }
    await delay(pollMilliseconds);
  }
  rmSync(ownerFile(directory), { force: true });
  return true;
}

/**
 * One that an earlier setup started and did not see answer: it may just be starting, or stopping.
 *
 * @param {string} directory @param {AskVersion} ask @param {number} seconds
 */
async function awaitEarlier(directory, ask, seconds) {
  const owner = readOwner(directory);
  const gone = () => (isAlive(owner) ? undefined : 'gone');
  if (owner === undefined || gone()) return undefined;
  try {
    return await untilReady(ask, seconds, join(directory, 'dockerd.log'), gone);
  } catch (error) {
    if (gone()) return undefined;
    throw error;
  }
}

/**
 * @param {AskVersion} ask @param {number} seconds @param {string} log
 * @param {() => string | undefined} failure what has ended the hope for an answer
 */
export async function untilReady(ask, seconds, log, failure) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const { version, problem } = await ask();
    if (version !== undefined) return version;
    const failed = failure();
    if (failed) throw new SetupError(`dockerd could not be started: ${failed}`, `see ${log}`);
    if (Date.now() > deadline) {
      throw new SetupError(`dockerd was not ready within ${seconds} s: ${problem}`, `see ${log}`);
    }
    await delay(pollMilliseconds);
  }
}

/** @param {string} directory @returns {import('./lock.mjs').Owner | undefined} */
function readOwner(directory) {
  try {
    return JSON.parse(readFileSync(ownerFile(directory), 'utf8'));
  } catch {
    return undefined; // none, or written by half: then nobody knows
  }
}
