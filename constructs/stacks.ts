/** The two stacks and their order. */
import type { App } from 'cdktf';
import { ClusterStack } from './cluster-stack.js';
import { ImageStack } from './image-stack.js';
import type { ClusterSettings } from './settings.js';
import { stackIds } from './state-path.js';

/**
 * Declare `image` and, after it, `cluster` in `app`.
 *
 * @param root the project's directory, absolute
 */
export function declareStacks(app: App, settings: ClusterSettings, root: string): void {
  const [imageId, clusterId] = stackIds;
  const image = new ImageStack(app, imageId, { settings, root });
  const cluster = new ClusterStack(app, clusterId, { settings, root, image: image.tag });
  cluster.addDependency(image);
}
