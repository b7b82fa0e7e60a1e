/**
 * Remove the containers that a killed deploy of a running cluster made, and whose making Terraform did not get to note: it would try
 * to make them again under the same names. Their volumes stay, and so does what belongs to somebody else.
 */
import { statePath } from '../../constructs/state-path.js';
import { isFirstDeployUnfinished } from '../kit/first-deploy.js';
import { openDeployRecord, type DeployRecord } from '../kit/deploy-record.js';
import { UserError } from '../kit/errors.js';
import { findStrangers, listObjects, type NamedObject } from '../kit/guards.js';
import { projectDirectory } from '../kit/places.js';
import { outcomeOf, required, type Shell } from '../kit/shell.js';
import { deployedIds, expectOwnStates } from '../kit/terraform-state.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import { withLive, type Live } from '../live/open.js';
import { readCluster } from '../live/read.js';
import type { ClusterView } from '../live/view.js';
import { isMember } from './departure.js';
import { whyKeep } from './roll-plan.js';

const deadlines = { spared: 60_000, remove: 30_000 };

/**
 * Only with the lock of operations, and while no Terraform works on this cluster.
 *
 * @returns the names of what was removed
 * @throws UserError when Terraform's state is damaged, or another cluster's: nothing was changed then
 */
export async function sweepKilledDeploy(
  settings: { readonly prefix: string; readonly dockerProvider: ClusterView['provider'] },
  $: Shell,
  tools: SweepTools = {},
): Promise<readonly string[]> {
  const { prefix } = settings;
  const {
    record = openDeployRecord(prefix),
    spare = async (name: string) => withLive(settings, async (live) => letGo(name, live)),
  } = tools;
  await expectOwnStates(prefix);
  const strangers = await containersUnknown(prefix, $);
  const leftovers = await leftoversOf(prefix, strangers, record, $);
  for (const { name, id } of leftovers) {
    await spare(name);
    await remove({ name, id }, [], $);
  }
  record.write(strangers.filter((stranger) => !leftovers.includes(stranger)).map(({ id }) => id));
  return leftovers.map(({ name }) => name);
}

export interface SweepTools {
  readonly record?: DeployRecord;
  /** Ends once the container has been stopped. */
  readonly spare?: (container: string) => Promise<void>;
}

/** When the whole cluster goes, and nobody has to be spared. */
export async function sweepBeforeTeardown(
  prefix: string,
  $: Shell,
  record: DeployRecord = openDeployRecord(prefix),
): Promise<void> {
  const leftovers = await leftoversOf(prefix, await containersUnknown(prefix, $), record, $);
  for (const leftover of leftovers) await remove(leftover, ['--force'], $);
  record.forget();
}

async function containersUnknown(prefix: string, $: Shell): Promise<NamedObject[]> {
  return (await findStrangers(prefix, $)).filter(({ kind }) => kind === 'container');
}

/**
 * Those that were not there when the last deploy began. Nobody knows whose they are before the first one, nor where the cluster's network
 * is not ours; before the cluster has formed the hook Guard does that.
 */
async function leftoversOf(
  prefix: string,
  strangers: readonly NamedObject[],
  record: DeployRecord,
  $: Shell,
): Promise<NamedObject[]> {
  const before = record.read();
  if (before === undefined || isFirstDeployUnfinished(prefix)) return [];
  const news = strangers.filter(({ id }) => !before.includes(id));
  return news.length > 0 && (await hasOwnNetwork(prefix, $)) ? news : [];
}

async function hasOwnNetwork(prefix: string, $: Shell): Promise<boolean> {
  const deployed = await deployedIds(statePath(projectDirectory, prefix, 'cluster'));
  return (await listObjects($)).some(
    ({ kind, cluster, id }) => kind === 'network' && cluster === prefix && deployed.has(id),
  );
}

async function remove(
  { name, id }: Pick<NamedObject, 'name' | 'id'>,
  options: readonly string[],
  $: Shell,
): Promise<void> {
  const output = await $({ timeout: deadlines.remove, input: '' })`docker container rm ${[...options, id]}`;
  const outcome = outcomeOf(output, 'docker container rm', deadlines.remove);
  required(outcome, `docker container rm ${name}`, 'see docker ps --all, then deploy again');
}

/** Stop it as a Roll would: the others are healthy; a server that leads hands leadership over when it is stopped. */
export async function letGo(container: string, live: Live): Promise<void> {
  const { containers } = await live.docker.objects(live.prefix);
  const server = containers.find((one) => one.container === container);
  if (server === undefined || ['created', 'exited', 'dead'].includes(server.status)) return;
  const spared = async () => {
    const view = await readCluster(live);
    if (view === undefined || !isMember(view, server.node, live.secrets?.formed)) return found(true);
    const reason = whyKeep(view, server.node);
    return reason === undefined ? found(true) : notYet(reason);
  };
  if (server.status === 'paused')
    throw new UserError(`${container} is paused; run docker unpause ${container}, then deploy again`);
  const fix = `${container} was made by a deploy that was killed, and has to be made anew; mend that, then deploy again`;
  await waitUntil('the others to be healthy', spared, { deadline: deadlines.spared, fix, clock: live.clock });
  await live.docker.stop([container]);
}
