/** From a running cluster to nothing. */
import { repeat, type Benchmark } from '../kit.js';

const limit = 15;

export function destroy(nodes: number): Benchmark {
  return {
    name: `destroy-${nodes}`,
    about: `npm run destroy of ${nodes} running servers`,
    runs: 3,
    async measure({ cluster, runs }) {
      const values = await repeat(runs, async () => {
        await cluster.start(nodes);
        return cluster.destroy(nodes);
      });
      return [{ what: `destroy of ${nodes} servers`, unit: 's', limit, values }];
    },
  };
}
