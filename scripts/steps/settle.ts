/** Until the cluster is healthy, for the case that Terraform had nothing to wait for: servers were only started again, or emptied. */
import type { Clock } from '../kit/clock.js';
import { UserError } from '../kit/errors.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import { problemsOf } from '../live/health.js';
import type { ClusterView } from '../live/view.js';

// a copy takes as long as the data is large
const deadlines = { healthy: 120_000, copied: 3_600_000 };

/** @throws UserError when it is not healthy two minutes after anybody was last seen making its data fit, or an hour has passed */
export async function settle(
  look: () => Promise<ClusterView | undefined>,
  clock: Clock,
  progress?: (line: string) => void,
): Promise<ClusterView> {
  const start = clock.now();
  let limit = deadlines.healthy;
  const probe = async () => {
    const view = await look();
    if (view === undefined) throw new UserError('the deploy ended well and left no container; see its output above');
    if (isCopying(view)) limit = Math.min(clock.now() - start + deadlines.healthy, deadlines.copied);
    const problems = problemsOf(view);
    return problems.length === 0 ? found(view) : notYet(problems.join('; '));
  };
  const fix = 'see npm run status and npm run logs';
  const options = { deadline: () => limit, fix, clock, ...(progress && { progress }) };
  return waitUntil('a healthy cluster', probe, options);
}

/** Whether a server's data is being copied, rewound, or completed. */
function isCopying({ nodes }: ClusterView): boolean {
  return nodes.some(
    ({ entryPoint, postgres }) =>
      (entryPoint?.asked === true && ['cloning', 'rejoining'].includes(entryPoint.state.phase)) ||
      (postgres.accepting && postgres.streams.some(({ incomplete }) => incomplete === true)),
  );
}
