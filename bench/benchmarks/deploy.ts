/** From nothing to a healthy cluster, the image being there. */
import { repeat, type Benchmark } from '../kit.js';

/** @param limit seconds */
export function deploy(nodes: number, limit: number): Benchmark {
  const what = `from nothing to ${nodes} healthy servers`;
  return {
    name: `deploy-${nodes}`,
    about: `${what}, without setup.mjs`,
    runs: 3,
    async measure({ cluster, runs }) {
      const values = await repeat(runs, async () => {
        await cluster.remove();
        return cluster.start(nodes);
      });
      return [{ what, unit: 's', limit, values }];
    },
  };
}
