/** Roll, before a server's container is replaced: one at a time, never the majority. */
import { ancestorTerraform, isTearingDown } from '../kit/processes.js';

if (isTearingDown(ancestorTerraform())) {
  // nine of these run at once, on few cores: what only a real replacement needs is not even loaded
  console.log('nothing to do: the cluster is torn down');
} else {
  const { main } = await import('../kit/command.js');
  const { roll } = await import('../steps/roll.js');
  await main(async () => roll(process.env));
}
