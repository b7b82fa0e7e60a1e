/** Roll, before a server's container is replaced: one at a time, never the majority. */
import { readHookCall } from '../../constructs/hook-input.js';
import { main } from '../kit/command.js';
import { UserError } from '../kit/errors.js';
import { ancestorTerraform } from '../kit/processes.js';
import { $ } from '../kit/shell.js';
import { isTearingDown, notePath } from '../kit/teardown-note.js';
import { openDocker } from '../live/docker.js';
import { rolling } from '../steps/departure.js';

await main(async () => {
  const { input } = readHookCall('roll', process.env);
  const tearingDown = isTearingDown(notePath(input.prefix), ancestorTerraform());
  const exists = !tearingDown && input.containerId !== '' && (await containerExists(input.prefix, input.containerId));
  const departure = rolling(input, tearingDown, exists);
  if (departure.refuse) throw new UserError(departure.reason);
  console.log(`nothing to do: ${departure.because}`);
  return 0;
});

async function containerExists(prefix: string, id: string): Promise<boolean> {
  const { containers } = await openDocker($).objects(prefix);
  return containers.some((container) => container.id === id);
}
