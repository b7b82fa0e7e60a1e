/** Is a server whose container was just made in order? What that means depends on what it is to the cluster. */
import type { Clock } from '../kit/clock.js';
import { UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import type { Docker } from '../live/docker.js';
import { problemOf } from '../live/health.js';
import { askState, type NodeState } from '../live/node-state.js';
import type { ClusterView } from '../live/view.js';

export interface CheckTools {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly report: Report;
  /** The cluster as it is now. */
  readonly look: () => Promise<ClusterView | undefined>;
  /** What this machine remembers. */
  readonly known: { readonly formed: boolean; readonly members: readonly number[] };
}

export type Standing = 'member' | 'newcomer' | 'lost';

const deadlines = { answer: 60_000, healthy: 120_000 };

/** What a server is to its cluster, by its own word and by what is known of the members. Pure. */
export function standing(
  id: number,
  state: NodeState,
  { formed, members }: { formed: boolean; members: readonly number[] },
): Standing {
  if (state.formation === 'consumed' && state.data === 'present') return 'member';
  // with its token it is part of a bootstrap that is under way: Join goes on with that
  if (!formed || state.formation === 'token') return 'newcomer';
  return members.includes(id) ? 'lost' : 'newcomer';
}

/**
 * Wait until server `id` serves its part again, if it is a member; a newcomer only has to answer.
 *
 * @throws UserError when its volume was lost, it refuses to start, or a deadline passes
 */
export async function checkNode({ id, container }: { id: number; container: string }, tools: CheckTools) {
  const { docker, clock, report, look, known } = tools;
  const seeLog = `see docker logs ${container}`;
  const state = await report.step(`${container} answers`, async (progress) => {
    const probe = async () => {
      const answer = await askState(docker, container, 5_000);
      return answer.asked ? found(answer.state) : notYet(answer.problem);
    };
    const options = { deadline: deadlines.answer, every: 100, fix: seeLog, clock, progress };
    return waitUntil(`${container} to answer`, probe, options);
  });
  const standingNow = await currentStanding();
  if (standingNow === 'newcomer') return;
  if (standingNow === 'lost') {
    throw new UserError(
      `${container} is a member of the cluster and its volume was lost (data=${state.data}, raft=${state.raft}). The others go ` +
        'on without it. Giving a member a new copy is not built yet; until it is, bring its volume back',
    );
  }
  await report.step(`${container} is healthy`, async (progress) => {
    const probe = async () => {
      const view = await look();
      if (view === undefined) return notYet('no container of the cluster is left');
      const node = view.nodes.find((candidate) => candidate.id === id);
      if (node?.entryPoint?.asked === true && node.entryPoint.state.phase === 'refused') {
        throw new UserError(`${container} refuses to start: ${node.entryPoint.state.message}; ${seeLog}`);
      }
      const problem = problemOf(view, id);
      return problem === undefined ? found(true) : notYet(problem);
    };
    await waitUntil(`${container} to be healthy`, probe, { deadline: deadlines.healthy, fix: seeLog, clock, progress });
  });

  /** The group itself knows best who is a member; what this machine remembers is for when it does not answer. */
  async function currentStanding(): Promise<Standing> {
    const first = standing(id, state, known);
    if (first === 'member' || state.formation === 'token') return first;
    const members = (await look())?.members.map((member) => member.id) ?? [];
    if (members.length === 0) return first;
    return standing(id, state, { formed: true, members });
  }
}
