/** What a node's image takes on disk. */
import type { Benchmark } from '../kit.js';

export const imageSize: Benchmark = {
  name: 'image',
  about: 'size of the image of a node, unpacked',
  runs: 1,
  async measure({ cluster }) {
    // the size is part of the image: to measure it twice says nothing
    const bytes = await cluster.docker('image', 'inspect', '--format', '{{.Size}}', await cluster.image());
    return [{ what: 'image of a node', unit: 'MB', limit: 250, values: [Number(bytes) / 1e6] }];
  },
};
