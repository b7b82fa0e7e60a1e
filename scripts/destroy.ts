/** npm run destroy: remove the cluster with everything that was made for it, its data included. */
import { Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { main } from './kit/command.js';
import { InterruptedError, UserError } from './kit/errors.js';
import { listed, removalCommands, type NamedObject } from './kit/guards.js';
import { projectDirectory } from './kit/places.js';
import { removeSecrets, secretsPath } from './kit/secrets.js';
import { $ } from './kit/shell.js';
import { findTerraform, runCdktf } from './kit/terraform.js';
import { openDocker, type ClusterObjects } from './live/docker.js';

const command = new Command('destroy')
  .description('Remove the cluster: containers, network and volumes with all data.')
  .option('-y, --yes', 'do not ask')
  .option('--auto-approve', 'the same as --yes')
  .allowExcessArguments(false)
  .parse();
const options = command.opts<{ yes?: boolean; autoApprove?: boolean }>();

await main(async () => {
  const begin = performance.now();
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  const docker = openDocker($);
  const program = await findTerraform($);
  const before = await docker.objects(prefix);
  if (!(await confirmed(prefix, before))) {
    console.log('nothing was removed');
    return 1;
  }
  const { status, interruptedBy } = await runCdktf('destroy', settings, program);
  const left = flat(await docker.objects(prefix));
  if (status !== 0 && interruptedBy !== undefined) {
    const rest = left.length === 0 ? 'nothing is left in Docker' : `still there: ${listed(left)}`;
    throw new InterruptedError(interruptedBy, `interrupted: ${rest}; run npm run destroy again, it removes the rest`);
  }
  if (status !== 0) {
    throw new UserError(`cdktf destroy ended with status ${status}: what went wrong stands above; run it again`);
  }
  if (left.length > 0) {
    throw new UserError(
      `Terraform did not know of these, and they are still there: ${listed(left)}; if they may go with all their data, run: ` +
        removalCommands(left).join(' && '),
    );
  }
  removeSecrets(secretsPath(prefix));
  const removed = flat(before);
  console.log(removed.length === 0 ? 'there was nothing to remove' : `removed: ${listed(removed)}`);
  console.log(`Done in ${prettyMs(performance.now() - begin)}.`);
  return 0;
});

async function confirmed(prefix: string, objects: ClusterObjects): Promise<boolean> {
  if (options.yes === true || options.autoApprove === true) return true;
  if (!process.stdin.isTTY) throw new UserError('this removes all data; say so with --yes where nobody can be asked');
  const found = flat(objects);
  console.log(
    `This removes cluster ${prefix} with all its data: ${found.length === 0 ? 'nothing found' : listed(found)}`,
  );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(`Type the name of the cluster (${prefix}) to go on: `)).trim() === prefix;
  } finally {
    terminal.close();
  }
}

function flat({ containers, volumes, networks }: ClusterObjects): Pick<NamedObject, 'kind' | 'name'>[] {
  return [
    ...containers.map(({ container }) => ({ kind: 'container', name: container }) as const),
    ...volumes.map((name) => ({ kind: 'volume', name }) as const),
    ...networks.map((name) => ({ kind: 'network', name }) as const),
  ];
}
