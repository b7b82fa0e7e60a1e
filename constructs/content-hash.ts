/** The hash that names an image: over everything `docker build` would send, and nothing else. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from './settings.js';
import dockerignoreModule, { type Ignore } from '@balena/dockerignore';

// the module is the function itself; its types claim a `default` property
const dockerignore = dockerignoreModule as unknown as (options: { ignorecase: boolean }) => Ignore;

/** Hex digits of the hash in an image's tag. */
const tagDigits = 12;

/**
 * Hash of the build context in `directory`: paths, kinds, executable bits and contents of all files that .dockerignore
 * leaves, in an order that depends on no locale. Times and owners do not count, nor do the bits that a umask decides: the
 * same commit gives the same hash on every machine.
 *
 * @returns 12 hex digits
 * @throws SettingsError when the directory has no Dockerfile
 */
export function contentHash(directory: string): string {
  const files = contextFiles(directory);
  if (!files.includes('Dockerfile')) {
    throw new SettingsError([`${directory} has no Dockerfile, so no image can be built from it; restore it from git`]);
  }
  const hash = createHash('sha256');
  for (const file of files) {
    const { kind, content } = readEntry(join(directory, file));
    // lengths first, so that no two different contexts give the same sequence of bytes
    hash.update(`${kind} ${Buffer.byteLength(file)} ${content.length}\n${file}\n`);
    hash.update(content);
  }
  return hash.digest('hex').slice(0, tagDigits);
}

/** Paths relative to `directory`, with `/`, sorted bytewise; directories do not count. */
function contextFiles(directory: string): string[] {
  const ignore = dockerignore({ ignorecase: false }).add(readIgnoreFile(directory));
  return (readdirSync(directory, { recursive: true }) as string[])
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !ignore.ignores(path) && !lstatSync(join(directory, path)).isDirectory())
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function readIgnoreFile(directory: string): string {
  try {
    return readFileSync(join(directory, '.dockerignore'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function readEntry(path: string): { kind: string; content: Buffer } {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return { kind: 'link', content: Buffer.from(readlinkSync(path)) };
  return { kind: (status.mode & 0o100) === 0 ? 'file' : 'executable', content: readFileSync(path) };
}
