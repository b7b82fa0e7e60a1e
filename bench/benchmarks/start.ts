/** The command on the README's first screen, with everything that it needs already there. */
import { repeat, type Benchmark } from '../kit.js';

const nodes = 3;

export const start: Benchmark = {
  name: 'start',
  about: `npm start from nothing to ${nodes} healthy servers, image, packages and provider being there`,
  runs: 3,
  async measure({ cluster, runs }) {
    const values = await repeat(runs, async () => {
      await cluster.remove();
      return cluster.npmStart(nodes);
    });
    return [{ what: `npm start of ${nodes} servers`, unit: 's', limit: 15, values }];
  },
};
