/** Gathers what a review of a plan needs: both stacks' plans, the running cluster, and what stands in the way. Changes nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { claimOutputDirectory } from '../../constructs/output-directory.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { SettingsError, type ClusterSettings } from '../../constructs/settings.js';
import { stackIds } from '../../constructs/state-path.js';
import { clusterTopology } from '../../constructs/topology.js';
import { withLockAtOnce } from '../../setup/lock.mjs';
import { askWhetherDockerAnswers } from '../kit/docker-answer.js';
import { UserError } from '../kit/errors.js';
import { isFirstDeployUnfinished } from '../kit/first-deploy.js';
import { findObstacles } from '../kit/guards.js';
import { refuseDuringDeploy } from '../kit/operation.js';
import { otherClusters } from '../kit/other-clusters.js';
import { clusterDirectory, projectDirectory } from '../kit/places.js';
import { $ } from '../kit/shell.js';
import { findTerraform } from '../kit/terraform.js';
import { planDirectory, planStacks } from '../kit/terraform-plan.js';
import { expectOwnStates } from '../kit/terraform-state.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import { changesOf, type ClusterChanges } from '../review/changes.js';
import { withoutCredentials } from '../review/hidden.js';
import type { RawPlan } from '../review/markdown.js';
import { review, type Review } from '../review/review.js';
import type { Situation } from '../review/situation.js';
import { emptyPlan, readPlan } from '../review/terraform-plan.js';

/** @throws UserError when no plan can be made */
export async function planReview(settings: ClusterSettings): Promise<{ review: Review; raw: readonly RawPlan[] }> {
  const { prefix, shrinkBelowMajority } = settings;
  const firstUnfinished = isFirstDeployUnfinished(prefix);
  // before our own Terraform runs
  const remarks = remarksNow(settings);
  const [program] = await Promise.all([findTerraform($), expectOwnStates(prefix)]);
  // the servers are asked while the stacks are synthesized
  const situating = readSituation(settings);
  const refresh = situating.then((found) => found.kind !== 'unknown' || !found.withoutDocker);
  // who has not come to wait for it hears of the failure through the situation
  refresh.catch(() => undefined);
  const [situation, others, plans] = await Promise.all([
    situating,
    otherClusters(prefix),
    onePlanAtATime(prefix, async () => planStacks(settings, program, $, { refresh })),
  ]);
  const [image = emptyPlan, cluster = emptyPlan] = stackIds.map((id) => {
    const plan = plans.find(({ stack }) => stack === id);
    return plan === undefined ? undefined : readPlan(plan.json);
  });
  const changes = changesOf(prefix, image, cluster);
  const obstacles = (await refresh) ? await obstaclesTo(settings, changes) : [];
  return {
    review: review({ prefix, firstUnfinished, shrinkBelowMajority, changes, situation, others, obstacles, remarks }),
    raw: plans.map(({ stack, text }) => ({ stack, text: withoutCredentials(text) })),
  };
}

/** The running cluster, as far as it can be read. */
async function readSituation(settings: ClusterSettings): Promise<Situation> {
  try {
    return await withLive(settings, async (live) => {
      const view = await readCluster(live);
      if (view === undefined) return { kind: 'absent' };
      if (live.sql !== undefined) return { kind: 'live', view };
      const problem = 'its secrets are neither in this directory nor given by a server';
      return { kind: 'unknown', problem, withoutDocker: false };
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const withoutDocker = (await askWhetherDockerAnswers($, 5_000)) !== undefined;
    return { kind: 'unknown', problem: error.message, withoutDocker };
  }
}

async function obstaclesTo(settings: ClusterSettings, { nodes }: ClusterChanges): Promise<string[]> {
  if (!nodes.some(({ action }) => action === 'added' || action === 'replaced')) return [];
  const options = { sweepComes: isFirstDeployUnfinished(settings.prefix) };
  return findObstacles(clusterTopology(settings), $, options);
}

/** What else is to be known of this checkout. */
function remarksNow({ prefix }: ClusterSettings): string[] {
  const remarks: string[] = [];
  try {
    refuseDuringDeploy(prefix);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    remarks.push('A deploy is under way: this is a moment in the middle of it. Plan again when it has ended.');
  }
  return [...remarks, ...outputRemarks(prefix)];
}

/** Plain cdktf synthesizes the default cluster to cdktf.out, and refuses where that was another's. */
function outputRemarks(prefix: string): string[] {
  if (loadSettings(projectDirectory, {}).prefix !== prefix) return [];
  try {
    claimOutputDirectory(join(projectDirectory, 'cdktf.out'), projectDirectory, prefix);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.mistakes.map((mistake) => `A deploy refuses: ${mistake}.`);
  }
}

async function onePlanAtATime<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(clusterDirectory(prefix), { recursive: true, mode: 0o700 });
  return withLockAtOnce(`${planDirectory(prefix)}.lock`, 'npm run plan', work, ({ pid }) => {
    return new UserError(
      `another npm run plan of cluster ${prefix} is under way (process ${pid}); run this again when that has ended`,
    );
  });
}
