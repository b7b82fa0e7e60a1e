/** What a user does about a file that is another user's, or for which there is no room: a state of the machine, no defect of ours. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The cause and the fix in one sentence; undefined when `error` is another one.
 *
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function fileProblem(error) {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
  if (path === undefined) return undefined;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${path}: permission denied; run this as the user whose it is${ownerOf(path)}, or make it yours with chown -R`;
    case 'EROFS':
      return `${path}: the file system is read-only; make it writable, or work in a copy elsewhere`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `${path}: no room is left there; make some, then run this again`;
    default:
      return undefined;
  }
}

/**
 * As far as it can be known: a file that cannot be looked at is probably its directory's owner's.
 *
 * @param {string} path @returns {string}
 */
function ownerOf(path) {
  try {
    return ` (uid ${statSync(path).uid})`;
  } catch {
    return dirname(path) === path ? '' : ownerOf(dirname(path));
  }
}
