/** The image in which the programs of these tests are compiled and run: it has the extension without PostgreSQL, as objects. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash } from '../../../../constructs/content-hash.js';
import { imageContext } from '../../../../constructs/image-tag.js';
import { buildImage, buildStage } from '../../../support/image.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const directory = join(root, 'test/extension/net/objects');

/**
 * As ensureImage().
 *
 * @returns pgraft-objects:<hash of the image's sources>-<hash of this one's>
 * @throws Error with the end of the build's output, such as what the compiler says
 */
export function ensureObjects(): string {
  const context = imageContext(root);
  const tag = `pgraft-objects:${contentHash(context)}-${contentHash(directory)}`;
  return buildImage(tag, () => [
    ...['--build-arg', `COMPILERS=${buildStage('compilers')}`],
    ...['--file', join(directory, 'Dockerfile'), context],
  ]);
}
