/** Stack `image`: builds the image of a node, named by the hash of its build context. */
import { Image } from '@cdktf/provider-docker/lib/image/index.js';
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { imageContext, imageTag, latestImage } from './image-tag.js';
import type { ClusterSettings } from './settings.js';
import { declareTerraform } from './terraform-block.js';

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
    this.tag = imageTag(props.root);
    declareTerraform(this, props.settings, props.root);
    new Image(this, 'node', {
      name: this.tag,
      // other clusters on this machine may run it, and going back needs no build
      keepLocally: true,
      buildAttribute: { context: imageContext(props.root), dockerfile: 'Dockerfile', tag: [latestImage] },
    });
  }
}
