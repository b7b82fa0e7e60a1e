/** The oldest versions that this project works with: `engines` of package.json, where npm reads that of Node.js as well. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './report.mjs';

/**
 * The oldest version of a program, such as 20.19.0.
 *
 * @param {'node' | 'terraform'} program
 */
export function oldestVersion(program) {
  const file = join(import.meta.dirname, '..', 'package.json');
  /** @type {{ engines: Record<string, string> }} */
  const { engines } = JSON.parse(readFileSync(file, 'utf8'));
  const version = /^>=\s*(\d+\.\d+\.\d+)$/.exec(engines[program] ?? '')?.[1];
  if (version === undefined) {
    throw new SetupError(`package.json has no engines.${program} of the form ">=1.2.3"`, 'check the project out again');
  }
  return version;
}

/**
 * Whether one version comes before another, number by number; what follows the numbers (-rc1) does not count.
 *
 * @param {string} version
 * @param {string} oldest
 */
export function isOlder(version, oldest) {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, wanted] of oldest.split('.').map(Number).entries()) {
    const part = parts[index] || 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}
