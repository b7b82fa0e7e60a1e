/** Leave, before a server's container goes for good: the member leaves the group first. */
import { ancestorTerraform, isTearingDown } from '../kit/processes.js';

if (isTearingDown(ancestorTerraform())) {
  // nine of these run at once, on few cores: what only a real departure needs is not even loaded
  console.log('nothing to do: the cluster is torn down');
} else {
  const { main } = await import('../kit/command.js');
  const { leave } = await import('../steps/leave.js');
  await main(async () => leave(process.env));
}
