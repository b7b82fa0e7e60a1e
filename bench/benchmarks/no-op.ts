/** The same deploy again, which has nothing to do. */
import { repeat, type Benchmark } from '../kit.js';

const nodes = 3;

export const noOp: Benchmark = {
  name: 'no-op',
  about: `a deploy of ${nodes} servers that run already: nothing changes`,
  runs: 3,
  async measure({ cluster, runs }) {
    await cluster.start(nodes);
    const before = await cluster.containers('{{.ID}} {{.Names}}');
    const started = await repeat(runs, async () => cluster.start(nodes));
    const deployed = await repeat(runs, async () => cluster.deploy(nodes));
    const after = await cluster.containers('{{.ID}} {{.Names}}');
    if (before.join() !== after.join())
      throw new Error(`a deploy with nothing to do made new containers: ${after.join()}`);
    return [
      { what: 'what npm start runs, again', unit: 's', limit: 8, values: started },
      { what: "cdktf deploy '*' again", unit: 's', limit: 8, values: deployed },
    ];
  },
};
