import { isAbandoned, removeAbandonedObjects } from '../support/docker-objects.js';
import { removeDisks } from './disks.js';

/** Remove what fault runs that no longer run have left behind, their disks too. */
export async function removeAbandoned(): Promise<void> {
  await removeAbandonedObjects();
  removeDisks(isAbandoned);
}
