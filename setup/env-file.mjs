/** The git-ignored .env: what setup found out about this machine, read by the constructs and the scripts. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** @param {string} root @returns {Record<string, string | undefined>} */
export function readEnvFile(root) {
  return parseEnv(readText(root));
}

/**
 * Set variables, and leave every other line as it is.
 *
 * @param {string} root
 * @param {Record<string, string>} values
 */
export function updateEnvFile(root, values) {
  const text = readText(root);
  const merged = mergeEnv(text, values);
  if (merged === text) return;
  const file = join(root, '.env');
  writeFileSync(`${file}.new`, merged);
  renameSync(`${file}.new`, file);
}

/** @param {string} root */
function readText(root) {
  const file = join(root, '.env');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * The text of an .env file with these variables set: in place where they stand, else at the end.
 *
 * @param {string} text
 * @param {Record<string, string>} values
 */
export function mergeEnv(text, values) {
  const lines =
    text === ''
      ? ['# Found out by setup.mjs about this machine. Remove a line to have it found out again.']
      : text.trimEnd().split('\n');
  for (const [name, value] of Object.entries(values)) {
    const assignment = `${name}=${value}`;
    const at = lines.findIndex((line) => line.replace(/^\s*(export\s+)?/, '').startsWith(`${name}=`));
    if (at === -1) lines.push(assignment);
    else lines[at] = assignment;
  }
  return `${lines.join('\n')}\n`;
}
