/** Remove what a first deploy that was killed made in Docker and Terraform did not get to know. */
import { isFirstDeployUnfinished } from '../kit/first-deploy.js';
import { findStrangers, type NamedObject } from '../kit/guards.js';
import type { Shell } from '../kit/shell.js';
import { removeLeftovers } from '../kit/unfinished.js';
import { openDocker } from '../live/docker.js';
import { askState } from '../live/node-state.js';

const limit = 30_000;
const answerLimit = 5_000;

/**
 * Only under Terraform's lock: what another run is just making looks the same. Nothing happens once the cluster has formed.
 *
 * @param kinds a deploy leaves volumes alone: Terraform takes them over, with whatever the servers have written by then
 */
export async function sweepFirstDeploy(prefix: string, kinds: readonly NamedObject['kind'][], $: Shell): Promise<void> {
  if (!isFirstDeployUnfinished(prefix)) return;
  const strangers = await findStrangers(prefix, $);
  const started = await startedAndUnformed(strangers, $);
  if (started.length > 0) await $({ timeout: limit, input: '' })`docker container rm --force ${started}`;
  await removeLeftovers(strangers, kinds, $);
}

/** Containers that run and say themselves that they never were part of a formed cluster. */
async function startedAndUnformed(strangers: readonly NamedObject[], $: Shell): Promise<string[]> {
  const docker = openDocker($);
  const containers = strangers.filter(({ kind }) => kind === 'container');
  const asked = containers.map(async ({ id, name }) => {
    const answer = await askState(docker, name, answerLimit);
    return answer.asked && answer.state.formation !== 'consumed' ? [id] : [];
  });
  return (await Promise.all(asked)).flat();
}
