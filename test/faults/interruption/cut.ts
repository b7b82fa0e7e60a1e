import type { ClusterProject } from '../../support/cluster-project.js';
import type { EngineRelay } from '../../support/engine-relay.js';
import { runAtTerminal, type CommandName, type Moment, type Run } from '../../support/interrupted.js';

/** Run a command, and take Docker from it at the moment; Docker is back when it has ended. @returns also milliseconds from then to its end */
export async function runAndCut(
  project: ClusterProject,
  relay: EngineRelay,
  command: CommandName,
  moment: Moment,
): Promise<Run & { readonly took: number }> {
  let cut = performance.now();
  const act = () => {
    cut = performance.now();
    relay.cut();
  };
  const broken = await runAtTerminal(project, command, moment, { env: relay.environment, act });
  const took = Math.round(performance.now() - cut);
  await relay.restore();
  return { ...broken, took };
}
