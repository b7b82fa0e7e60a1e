/** Node.js itself and the npm packages of the lock file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { SetupError } from './report.mjs';
import { isOlder, oldestVersion } from './requirements.mjs';

/**
 * @param {string} version such as 20.20.2
 * @returns {string}
 */
export function checkNode(version) {
  const oldest = oldestVersion('node');
  if (isOlder(version, oldest)) {
    throw new SetupError(`Node.js ${version} is too old`, `install Node.js ${oldest} or newer`);
  }
  return `v${version}`;
}

/** @param {string} root @param {(line: string) => void} note */
export async function ensurePackages(root, note) {
  const wanted = readLock(join(root, 'package-lock.json'));
  if (wanted === undefined) {
    throw new SetupError('package-lock.json is missing', 'check the project out again');
  }
  const reason = staleReason(wanted, readLock(join(root, 'node_modules', '.package-lock.json')));
  if (reason === undefined) return 'up to date';
  note(`npm ci, since ${reason}`);
  await run('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    seconds: 900,
    fix: 'see that the npm registry of this machine works (`npm ping`), then run this again',
    excerpt: npmErrors,
  });
  return 'installed with npm ci';
}

/** npm says what is wrong first, and then how it is used. @param {string} output */
function npmErrors(output) {
  const errors = output
    .split('\n')
    .filter((line) => line.startsWith('npm error ') && line.length > 'npm error '.length);
  return errors.slice(0, 8).join('\n') || tail(output);
}

/**
 * @typedef {Record<string, { version?: string, resolved?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>} Packages
 */

/** @param {string} file @returns {Packages | undefined} */
function readLock(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined; // half written by an npm that was ended
  }
}

/**
 * Why node_modules is not what the lock file says, or undefined when it is.
 *
 * @param {Packages} wanted of package-lock.json
 * @param {Packages | undefined} installed of node_modules/.package-lock.json
 */
export function staleReason(wanted, installed) {
  if (installed === undefined) return 'nothing is installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    const found = installed[path];
    // the root is only in package-lock.json; optional packages are of other platforms
    if (path === '' || (found === undefined && (entry.optional || entry.devOptional))) continue;
    if (found === undefined) return `${path} is missing`;
    if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is ${found.version}, not ${entry.version}`;
    }
  }
  const extra = Object.keys(installed).find((path) => !(path in wanted));
  return extra === undefined ? undefined : `${extra} is no longer needed`;
}
