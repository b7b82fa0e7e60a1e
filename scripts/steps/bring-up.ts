/** From whatever there is to a healthy cluster: what npm start and npx pgraft_cluster --init both do. */
import type { ClusterSettings } from '../../constructs/settings.js';
import { postgresConfLines, splitPostgresSettings } from '../../constructs/postgres-settings.js';
import { clusterTopology } from '../../constructs/topology.js';
import { findShortages } from '../kit/capacity.js';
import { openDeployRecord } from '../kit/deploy-record.js';
import { askWhetherDockerAnswers } from '../kit/docker-answer.js';
import { InterruptedError, UserError } from '../kit/errors.js';
import { isFirstDeployUnfinished } from '../kit/first-deploy.js';
import { findObstacles, findStrangers } from '../kit/guards.js';
import { refuseDuringDeploy, refuseDuringOperation, withOperation } from '../kit/operation.js';
import { openPauseNote } from '../kit/pause-note.js';
import type { Report } from '../kit/report.js';
import { $ } from '../kit/shell.js';
import { findTerraform, runCdktf } from '../kit/terraform.js';
import { forgetDeploy, isUnfinished, noteDeploy, removeLeftovers } from '../kit/unfinished.js';
import { openDocker } from '../live/docker.js';
import { askState } from '../live/node-state.js';
import { withLive, type Live } from '../live/open.js';
import { readCluster } from '../live/read.js';
import type { ClusterView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { handSecretsOver, handSettingsOver } from './hand-over.js';
import { endPause } from './pause.js';
import { settle } from './settle.js';
import { sweepKilledDeploy } from './sweep-killed.js';

export interface BringUpOptions {
  readonly report: Report;
  /** Called when nothing stands in the way any more, before anything is created. */
  readonly beforeDeploy?: () => void;
  /** Hears each line that cdktf prints. @default - its output is on this terminal */
  readonly output?: (line: string) => void;
}

/**
 * Create what is missing, start what was stopped, and wait until the cluster is healthy.
 *
 * @throws UserError before anything is created when something stands in the way; later when a step fails; InterruptedError
 */
export async function bringUp(settings: ClusterSettings, options: BringUpOptions): Promise<ClusterView> {
  const { prefix } = settings;
  refuseDuringOperation(prefix);
  refuseDuringDeploy(prefix);
  // what a killed one left would stand in the way; before the first one there is nothing, nor a directory to note that in
  const hasDeployed = openDeployRecord(prefix).read() !== undefined;
  if (hasDeployed) await sweep(settings, options.report);
  const terraform = await prepare(settings, options.report);
  return withOperation(prefix, 'npm start', async () => {
    if (!hasDeployed) await sweep(settings, options.report);
    return bringUpAlone(settings, terraform, options);
  });
}

async function sweep(settings: ClusterSettings, report: Report): Promise<void> {
  for (const name of await sweepKilledDeploy(settings, $)) report.note(`removed ${name}, which a killed deploy left`);
}

/** What stands in the way; nothing is created, the directory of the lock neither. @returns the Terraform to use */
async function prepare(settings: ClusterSettings, report: Report): Promise<string> {
  const { prefix } = settings;
  return report.step('ports and names are free, memory and disk suffice', async () => {
    // after a killed first deploy the hook Guard does that, under Terraform's lock
    const sweepComes = isFirstDeployUnfinished(prefix);
    // a volume may hold data by now, so it is gone on with instead
    if (isUnfinished(prefix) && !sweepComes) {
      await removeLeftovers(await findStrangers(prefix, $), ['container', 'network'], $);
    }
    const looked = findObstacles(clusterTopology(settings), $, { sweepComes });
    const [program, obstacles] = await Promise.all([findTerraform($), looked]);
    obstacles.push(...(await findShortages(clusterTopology(settings), settings, $)));
    if (obstacles.length > 0) throw new UserError(`nothing was created: ${obstacles.join('\n       ')}`);
    return program;
  });
}

async function bringUpAlone(
  settings: ClusterSettings,
  terraform: string,
  { report, beforeDeploy, output }: BringUpOptions,
): Promise<ClusterView> {
  const { prefix, dockerProvider } = settings;
  beforeDeploy?.();
  await startStopped(prefix, report);
  report.note(
    `Terraform (${dockerProvider} Docker provider) now creates what is missing: image, network, volumes, containers. ` +
      'Then the servers get their data and form the Raft group.',
  );
  noteDeploy(prefix);
  const { status, interruptedBy } = await runCdktf('deploy', settings, terraform, output);
  if (status !== 0 && interruptedBy !== undefined) {
    throw new InterruptedError(
      interruptedBy,
      'interrupted: what was made so far stays; npm start goes on from there, npm run destroy removes it',
    );
  }
  if (status !== 0) {
    const cause =
      (await askWhetherDockerAnswers($)) ?? `cdktf deploy ended with status ${status}: what went wrong stands above`;
    throw new UserError(`${cause}; npm start goes on from there`);
  }
  forgetDeploy(prefix);
  return withLive(settings, async (live) => {
    await tellForgetful(settings, live, report);
    const view = await readCluster(live);
    // a deploy that was killed while the primary restarted in place, and was then set back
    if (view !== undefined) await endPause(live, view, openPauseNote(prefix));
    return report.step('the cluster is healthy', async (progress) =>
      settle(openWatch(live, live.clock), live.clock, progress),
    );
  });
}

/** Terraform has no hook for a volume that was emptied, or spoilt, under its container. */
async function tellForgetful(settings: ClusterSettings, { docker, secrets }: Live, report: Report): Promise<void> {
  if (secrets?.formed !== true) return;
  const { nodes } = clusterTopology(settings);
  const reloadable = postgresConfLines(splitPostgresSettings(settings.postgresSettings).reloadable);
  const answers = await Promise.all(
    nodes.map(async ({ container }) => ({ container, answer: await askState(docker, container, 5_000) })),
  );
  const forgetful = answers.filter(({ answer }) => answer.asked && answer.state.configured === 'no');
  for (const { container } of forgetful) {
    await report.step(`${container} is told the secrets again`, async () =>
      handSecretsOver(container, { docker, secrets, nodes }),
    );
    // they may be what was damaged
    await handSettingsOver(container, { docker, reloadable });
  }
}

/** Terraform would make a stopped container anew, since it publishes no ports (provider/README.md); so those that were stopped by hand are started here. */
async function startStopped(prefix: string, report: Report): Promise<void> {
  const docker = openDocker($);
  const { containers } = await docker.objects(prefix);
  const paused = containers.filter(({ status }) => status === 'paused').map(({ container }) => container);
  if (paused.length > 0) {
    throw new UserError(
      `${paused.join(', ')}: paused, and stays so until you say otherwise; run docker unpause ${paused.join(' ')}, then npm start`,
    );
  }
  // one that was created and could never be started is Terraform's to make anew, maybe with other settings
  const stopped = containers.filter(({ status }) => status === 'exited');
  if (stopped.length === 0) return;
  const names = stopped.map(({ container }) => container);
  await report.step(`started again: ${names.join(', ')}`, async () => docker.start(names));
}
