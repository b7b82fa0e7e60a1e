/** Stack `image`: builds the image of a node, named by the hash of its build context. */
import { join } from 'node:path';
import { Image } from '@cdktf/provider-docker/lib/image/index.js';
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { contentHash } from './content-hash.js';
import type { ClusterSettings } from './settings.js';
import { declareTerraform } from './terraform-block.js';

const repository = 'postgres-pgraft:17';

export interface ImageStackProps {
  readonly settings: ClusterSettings;
  /** The project's directory, absolute. */
  readonly root: string;
}

/**
 * A stack of its own, since Terraform destroys every container that depends on an image before it builds the new one: a
 * build that fails would leave no cluster. The cluster names the tag as plain text.
 */
export class ImageStack extends TerraformStack {
  /** `postgres-pgraft:17-<12 hex digits>` */
  readonly tag: string;

  constructor(scope: Construct, id: string, props: ImageStackProps) {
    super(scope, id);
    const context = join(props.root, 'image');
    this.tag = `${repository}-${contentHash(context)}`;
    declareTerraform(this, props.settings, props.root);
    new Image(this, 'node', {
      name: this.tag,
      // other clusters on this machine may run it, and going back needs no build
      keepLocally: true,
      buildAttribute: { context, dockerfile: 'Dockerfile', tag: [repository] },
    });
  }
}
