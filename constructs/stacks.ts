/** The two stacks and their order. */
import type { App } from 'cdktf';
import { ClusterStack } from './cluster-stack.js';
import { ImageStack } from './image-stack.js';
import type { ClusterSettings } from './settings.js';

/**
 * Declare `image` and, after it, `cluster` in `app`; the ids are a contract with users and with the states on disk.
 *
 * @param root the project's directory, absolute
 */
export function declareStacks(app: App, settings: ClusterSettings, root: string): void {
  const image = new ImageStack(app, 'image', { settings, root });
  const cluster = new ClusterStack(app, 'cluster', { settings, root, image: image.tag });
  cluster.addDependency(image);
}
