/** Two images to go from and to, both built beforehand: that of this checkout, and one that differs in a label. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageContext, imageTag, latestImage } from '../../constructs/image-tag.js';
import { docker, mustRun } from '../../test/support/shell.js';
import type { Declared } from './cases.js';

const buildDeadline = 600_000;

export class Images {
  readonly #dockerfile: string;
  readonly #whole: Buffer;
  readonly #own: string;
  #other: string | undefined;

  /** @param root directory of a project, whose image's build context is written to */
  constructor(private readonly root: string) {
    this.#dockerfile = join(imageContext(root), 'Dockerfile');
    this.#whole = readFileSync(this.#dockerfile);
    this.#own = imageTag(root);
  }

  /** Let the project declare that image, and have it there. */
  async declare(image: Declared['image']): Promise<void> {
    writeFileSync(this.#dockerfile, this.#whole);
    if (image === 'of this checkout') return;
    appendFileSync(this.#dockerfile, '\nLABEL pgraft.benchmark="another image"\n');
    this.#other = imageTag(this.root);
    const args = ['build', '--tag', this.#other, imageContext(this.root)];
    await mustRun('docker', args, { deadline: buildDeadline });
  }

  /** For the end, when no container runs it any more. */
  async remove(): Promise<void> {
    if (this.#other === undefined) return;
    // the last deploy may have named the other one so
    await docker('tag', this.#own, latestImage);
    await docker('image', 'rm', this.#other);
  }
}
