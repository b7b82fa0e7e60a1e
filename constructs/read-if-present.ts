import { readFileSync } from 'node:fs';

/** The text of a file, undefined where there is none. @throws Error when it cannot be read: that does not mean that it is not there */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
