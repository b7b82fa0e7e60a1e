/** Remove a cluster with everything that was made for it: what npm run destroy and npx pgraft_cluster --destroy both do. */
import type { ClusterSettings } from '../../constructs/settings.js';
import { InterruptedError, UserError } from '../kit/errors.js';
import { forgetFirstDeploy, isFirstDeployUnfinished } from '../kit/first-deploy.js';
import { findStrangers, listed, removalCommands, type NamedObject } from '../kit/guards.js';
import { withOperation } from '../kit/operation.js';
import { forgetSettings } from '../kit/remembered-settings.js';
import { removeSecrets, secretsPath } from '../kit/secrets.js';
import { $ } from '../kit/shell.js';
import { findTerraform, runCdktf } from '../kit/terraform.js';
import { forgetDeploy, isUnfinished, removeLeftovers } from '../kit/unfinished.js';
import { openDocker } from '../live/docker.js';

export type RemovedObject = Pick<NamedObject, 'kind' | 'name'>;

export interface TakeDownOptions {
  /** Decides with what there is now whether it may go. @default - it may */
  readonly confirmed?: (found: readonly RemovedObject[]) => Promise<boolean>;
  /** Hears each line that cdktf prints. @default - its output is on this terminal */
  readonly output?: (line: string) => void;
}

/**
 * @returns what was removed; undefined when it may not go
 * @throws UserError when something of it is left; InterruptedError
 */
export async function takeDown(
  settings: ClusterSettings,
  { confirmed, output }: TakeDownOptions = {},
): Promise<readonly RemovedObject[] | undefined> {
  const program = await findTerraform($);
  const before = await objectsOf(settings.prefix);
  if (confirmed !== undefined && !(await confirmed(before))) return undefined;
  return withOperation(settings.prefix, 'npm run destroy', async () => remove(settings, program, before, output));
}

async function remove(
  settings: ClusterSettings,
  program: string,
  before: readonly RemovedObject[],
  output: TakeDownOptions['output'],
): Promise<readonly RemovedObject[]> {
  // the hook Teardown forgets that
  const unfinished = isUnfinished(settings.prefix) || isFirstDeployUnfinished(settings.prefix);
  const { status, interruptedBy } = await runCdktf('destroy', settings, program, output);
  let left = await objectsOf(settings.prefix);
  if (status !== 0 && interruptedBy !== undefined) {
    const rest = left.length === 0 ? 'nothing is left in Docker' : `still there: ${listed(left)}`;
    throw new InterruptedError(interruptedBy, `interrupted: ${rest}; run npm run destroy again, it removes the rest`);
  }
  if (status !== 0) {
    throw new UserError(`cdktf destroy ended with status ${status}: what went wrong stands above; run it again`);
  }
  if (left.length > 0 && unfinished) {
    await removeLeftovers(await findStrangers(settings.prefix, $), ['container', 'volume', 'network'], $);
    left = await objectsOf(settings.prefix);
  }
  if (left.length > 0) {
    throw new UserError(
      `Terraform did not know of these, and they are still there: ${listed(left)}; if they may go with all their data, run: ` +
        removalCommands(left).join(' && '),
    );
  }
  removeSecrets(secretsPath(settings.prefix));
  forgetSettings(settings.prefix);
  forgetDeploy(settings.prefix);
  forgetFirstDeploy(settings.prefix);
  return before;
}

/** Everything that carries the cluster's label. */
export async function objectsOf(prefix: string): Promise<RemovedObject[]> {
  const { containers, volumes, networks } = await openDocker($).objects(prefix);
  return [
    ...containers.map(({ container }) => ({ kind: 'container', name: container }) as const),
    ...volumes.map((name) => ({ kind: 'volume', name }) as const),
    ...networks.map((name) => ({ kind: 'network', name }) as const),
  ];
}
