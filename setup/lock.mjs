/** One at a time in a checkout: a lock file that names its owner, taken over when the owner is gone. */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from './report.mjs';

const pollMilliseconds = 200;

/**
 * @typedef {object} Owner
 * @property {number} pid
 * @property {string} started what tells this process from a later one of the same pid; empty where that cannot be known
 * @property {string} [what] what it does
 * @property {string} [outdir] where it synthesizes stacks to
 */

/**
 * Do the work while holding the lock.
 *
 * @template Result
 * @param {string} file
 * @param {() => Promise<Result>} work
 * @param {(line: string) => void} note told when there is a wait or a takeover
 * @param {number} seconds how long to wait for another owner
 * @returns {Promise<Result>}
 */
export async function withLock(file, work, note, seconds = 1200) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify(ownerOf(process.pid));
  await acquire(file, mine, note, seconds);
  try {
    return await work();
  } finally {
    // somebody who thought us dead may have taken it over
    if (read(file) === mine) rmSync(file, { force: true });
  }
}

/**
 * Do the work while holding the lock, or not at all.
 *
 * @template Result
 * @param {string} file
 * @param {string} what told to whoever comes meanwhile
 * @param {() => Promise<Result>} work
 * @param {(owner: Owner) => Error} refusal what is thrown when somebody else has it
 * @returns {Promise<Result>}
 */
export async function withLockAtOnce(file, what, work, refusal) {
  const mine = JSON.stringify({ ...ownerOf(process.pid), what });
  const owner = tryAcquire(file, mine, () => undefined);
  if (owner !== undefined) throw refusal(owner);
  try {
    return await work();
  } finally {
    if (read(file) === mine) rmSync(file, { force: true });
  }
}

/**
 * Take the lock for somebody who outlives this process, or who is another one.
 *
 * @template {Owner} Holder
 * @param {string} file in a directory that exists
 * @param {Holder} holder what the lock says
 * @returns {Holder | undefined} who has it and lives; undefined once it is the holder's
 */
export function claimLock(file, holder) {
  return /** @type {Holder | undefined} */ (tryAcquire(file, JSON.stringify(holder), () => undefined));
}

/**
 * What the lock says, whether or not its owner lives; undefined when nobody has it.
 *
 * @param {string} file
 * @returns {Owner | undefined}
 */
export function readLock(file) {
  const held = read(file);
  return held === undefined ? undefined : parse(held);
}

/**
 * Whoever has the lock and lives.
 *
 * @param {string} file
 * @returns {Owner | undefined}
 */
export function holderOf(file) {
  const owner = readLock(file);
  return isAlive(owner) ? owner : undefined;
}

/** @param {string} file @param {string} mine @param {(line: string) => void} note @param {number} seconds */
async function acquire(file, mine, note, seconds) {
  const deadline = Date.now() + seconds * 1000;
  let announced = false;
  for (let owner = tryAcquire(file, mine, note); owner !== undefined; owner = tryAcquire(file, mine, note)) {
    if (Date.now() > deadline) {
      throw new SetupError(
        `another setup (process ${owner.pid}) still runs after ${seconds} s`,
        `end it, or remove ${file} if that is no setup`,
      );
    }
    if (!announced) note(`waiting for another setup (process ${owner.pid})`);
    announced = true;
    await delay(pollMilliseconds);
  }
}

/**
 * Whoever has the lock and lives; undefined once it is ours.
 *
 * @param {string} file @param {string} mine @param {(line: string) => void} note @returns {Owner | undefined}
 */
function tryAcquire(file, mine, note) {
  while (!create(file, mine)) {
    const held = read(file);
    if (held === undefined) continue;
    const owner = parse(held);
    if (owner !== undefined && isAlive(owner)) return owner;
    if (takeAway(file, held)) note(`took over the lock of process ${owner?.pid ?? '?'}, which is gone`);
  }
  return undefined;
}

/**
 * Create the lock with its content at once: a link to a finished file either appears whole or not at all.
 *
 * @param {string} file @param {string} content
 */
function create(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Remove the dead owner's lock, unless somebody else was faster and it is a new one already.
 *
 * @param {string} file @param {string} held
 */
function takeAway(file, held) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return false; // somebody else was faster
  }
  const wasStale = read(aside) === held;
  if (!wasStale && !existsSync(file)) linkSync(aside, file);
  rmSync(aside, { force: true });
  return wasStale;
}

/**
 * Undefined where there is none. One that only another user may read is there, and is not ours to take.
 *
 * @param {string} file
 */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error;
    return undefined;
  }
}

/** @param {string} content @returns {Owner | undefined} */
function parse(content) {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** @param {number} pid @returns {Owner} */
export function ownerOf(pid) {
  return { pid, started: startTime(pid) };
}

/** @param {Owner | undefined} owner */
export function isAlive(owner) {
  if (owner === undefined || !Number.isInteger(owner.pid)) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  return owner.started === startTime(owner.pid);
}

/**
 * Start time in clock ticks since boot (field 22 of /proc/<pid>/stat; the name before it may contain anything). A zombie
 * has none: it is dead, but in containers often nobody reaps it.
 *
 * @param {number} pid
 */
function startTime(pid) {
  const stat = readStat(pid);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' ? '' : (fields[18] ?? '');
}

/** @param {number} pid */
function readStat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it has ended, or processes of others are hidden here
  }
}
