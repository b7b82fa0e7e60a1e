/** Is a server whose container was just made in order? What that means depends on what it is to the cluster. */
import type { Clock } from '../kit/clock.js';
import { UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import type { Docker } from '../live/docker.js';
import { problemOf } from '../live/health.js';
import { askState, type NodeState } from '../live/node-state.js';
import type { ClusterView } from '../live/view.js';
import { handSecretsOver, type HandOver } from './hand-over.js';

export interface CheckTools {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly report: Report;
  /** The cluster as it is now. */
  readonly look: () => Promise<ClusterView | undefined>;
  /** What this machine remembers. */
  readonly known: { readonly formed: boolean; readonly members: readonly number[] };
  /** What a member whose volume was lost is told; undefined when neither this machine nor a server has the secrets. */
  readonly secrets: HandOver['secrets'] | undefined;
  readonly nodes: HandOver['nodes'];
}

export type Standing = 'member' | 'newcomer' | 'lost';

// a copy takes as long as the data is large
const deadlines = { answer: 60_000, healthy: 120_000, copied: 3_600_000 };

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
 * One whose volume was lost is told the secrets again: it copies the data, and the leader adds it anew.
 *
 * @throws UserError when it refuses to start, its secrets are nowhere, or a deadline passes
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
  if (standingNow === 'lost' && state.configured === 'no') {
    await report.step(`${container} has lost its volume, and is told the secrets again`, async () => tellSecrets());
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
    const deadline = standingNow === 'lost' ? deadlines.copied : deadlines.healthy;
    await waitUntil(`${container} to be healthy`, probe, { deadline, fix: seeLog, clock, progress });
  });

  async function tellSecrets(): Promise<void> {
    const { secrets, nodes } = tools;
    if (secrets !== undefined) return handSecretsOver(container, { docker, secrets, nodes });
    throw new UserError(
      `${container} has lost its volume, and its secrets are neither here nor on a server that runs; start the others (npm start), then deploy again`,
    );
  }

  /** The group itself knows best who is a member; what this machine remembers is for when it does not answer. */
  async function currentStanding(): Promise<Standing> {
    const first = standing(id, state, known);
    if (first === 'member' || state.formation === 'token') return first;
    const members = (await look())?.members.map((member) => member.id) ?? [];
    if (members.length === 0) return first;
    return standing(id, state, { formed: true, members });
  }
}
