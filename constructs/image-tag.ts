/** How the image of a node is called. */
import { join } from 'node:path';
import { contentHash } from './content-hash.js';

/** The image that was built last, whatever its content. */
export const latestImage = 'postgres-pgraft:17';

/** Build context of the image. @param root the project's directory */
export function imageContext(root: string): string {
  return join(root, 'image');
}

/** The image of the build context as it is now: `postgres-pgraft:17-<12 hex digits>`. @param root the project's directory */
export function imageTag(root: string): string {
  return `${latestImage}-${contentHash(imageContext(root))}`;
}
