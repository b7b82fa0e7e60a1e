/** A node on the network of these tests. */
import { ensureImage } from '../../support/image.js';
import { docker, NodeContainer as AnyNodeContainer, type Place } from '../../support/node-container.js';

export { docker, secrets } from '../../support/node-container.js';

const prefix = `pgnode-${process.pid}`;
export const image = ensureImage();
const place: Place = { prefix, network: `${prefix}-network`, image };

export function setUp(): void {
  docker(['network', 'create', place.network]);
}

export function tearDown(): void {
  docker(['network', 'rm', place.network]);
}

export class NodeContainer extends AnyNodeContainer {
  constructor(name: string, id: number, settings?: string, volume?: string) {
    super({ place, name, id, settings, volume });
  }
}
