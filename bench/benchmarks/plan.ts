/** What a deploy would mean, asked of a running cluster. */
import { repeat, type Benchmark } from '../kit.js';

const nodes = 3;

export const plan: Benchmark = {
  name: 'plan',
  about: `npm run plan, with ${nodes} servers that run and nothing to change`,
  runs: 3,
  async measure({ cluster, runs }) {
    await cluster.start(nodes);
    const values = await repeat(runs, async () => cluster.plan(nodes));
    return [{ what: 'npm run plan, nothing changed', unit: 's', limit: 5, values }];
  },
};
