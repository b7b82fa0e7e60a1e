/** What a deploy would change, asked of a running cluster. */
import { repeat, type Benchmark } from '../kit.js';

const nodes = 3;

export const plan: Benchmark = {
  name: 'plan',
  about: `npx cdktf diff cluster, with ${nodes} servers that run`,
  runs: 3,
  async measure({ cluster, runs }) {
    await cluster.start(nodes);
    return [{ what: 'plan', unit: 's', values: await repeat(runs, async () => cluster.plan(nodes)) }];
  },
};
