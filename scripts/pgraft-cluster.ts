/** npx pgraft_cluster, once pgraft_cluster.mjs has checked the flags: the cluster page's script, on the code of npm start. */
import { loadSettings } from '../constructs/load-settings.js';
import type { ClusterSettings } from '../constructs/settings.js';
import { stackIds, statePath } from '../constructs/state-path.js';
import type { ClusterCall } from '../setup/cluster-flags.mjs';
import { main } from './kit/command.js';
import { listed } from './kit/guards.js';
import { projectDirectory } from './kit/places.js';
import { openProgress, type Progress } from './kit/progress.js';
import { rememberNodes } from './kit/remembered-settings.js';
import { deployedIds } from './kit/terraform-state.js';
import { openTranscript } from './kit/transcript.js';
import { printStatus } from './live/show-status.js';
import { progressIn } from './steps/init-page.js';
import { initialize } from './steps/initialize.js';
import { objectsOf, takeDown } from './steps/take-down.js';

/** Do what the flags ask for, and set the exit status. */
export async function run(call: Exclude<ClusterCall, { action: 'help' }>): Promise<void> {
  await main(async () => {
    if (call.action === 'status') return printStatus(loadSettings(projectDirectory));
    const progress = openProgress(process.stdout, process.stderr);
    try {
      await (call.action === 'init' ? init(call.nodes, progress) : destroy(progress));
      return 0;
    } finally {
      progress.end();
    }
  });
}

async function init(asked: number | undefined, progress: Progress): Promise<void> {
  const usual = loadSettings(projectDirectory);
  // the flag wins over all other settings, also in the commands that are started from here
  if (asked !== undefined) process.env['PGRAFT_NODES'] = String(asked);
  const settings = loadSettings(projectDirectory);
  const beforeDeploy = () => {
    if (settings.nodes !== usual.nodes) rememberNodes(settings.prefix, settings.nodes);
  };
  await initialize(settings, { progress, beforeDeploy });
}

async function destroy(progress: Progress): Promise<void> {
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  if ((await objectsOf(prefix)).length === 0 && !(await isDeployed(settings))) {
    progress.print(`there is no cluster ${prefix}: nothing was removed`);
    return;
  }
  progress.working(`Destroying cluster ${prefix}...`);
  const transcript = openTranscript();
  const output = (line: string) => {
    transcript.add(line);
    const detail = progressIn(line);
    if (detail !== undefined) progress.detail(detail);
  };
  try {
    const removed = (await takeDown(settings, { output })) ?? [];
    for (const object of removed) progress.print(`✓ Removed ${listed([object])}`);
    progress.print('✓ Cluster destroyed');
  } catch (error) {
    progress.end();
    transcript.explain(error);
    throw error;
  }
}

/** Terraform remembers something, such as an image, of a start that failed before it made anything else. */
async function isDeployed({ prefix }: ClusterSettings): Promise<boolean> {
  const ids = await Promise.all(stackIds.map(async (stack) => deployedIds(statePath(projectDirectory, prefix, stack))));
  return ids.some((known) => known.size > 0);
}
