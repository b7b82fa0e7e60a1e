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

interface Special {
  readonly settings?: string;
  readonly volume?: string;
  /** @default false: a process in it every five seconds */
  readonly healthcheck?: boolean;
}

export class NodeContainer extends AnyNodeContainer {
  constructor(name: string, id: number, { settings, volume, healthcheck = false }: Special = {}) {
    super({ place, name, id, settings, volume, options: healthcheck ? [] : ['--no-healthcheck'] });
  }
}
