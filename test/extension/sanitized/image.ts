/** The image of a node whose extension was compiled with AddressSanitizer and UndefinedBehaviorSanitizer. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash } from '../../../constructs/content-hash.js';
import { imageContext } from '../../../constructs/image-tag.js';
import { buildImage, buildStage, ensureImage } from '../../support/image.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const directory = join(root, 'test/extension/sanitized');

/** Another image was asked for, which need not have the sanitizers. */
export const chosen = process.env['PGRAFT_TEST_IMAGE'];

/**
 * As ensureImage(), on whose image it stands.
 *
 * @returns pgraft-sanitized:<hash of the image's sources>-<hash of this variant>
 * @throws Error with the end of the build's output
 */
export function ensureSanitizedImage(): string {
  if (chosen !== undefined) return chosen;
  const context = imageContext(root);
  const tag = `pgraft-sanitized:${contentHash(context)}-${contentHash(directory)}`;
  return buildImage(tag, () => {
    const stages = ['--build-arg', `COMPILERS=${buildStage('compilers')}`, '--build-arg', `NODE=${ensureImage()}`];
    return [...stages, '--file', join(directory, 'Dockerfile'), context];
  });
}
