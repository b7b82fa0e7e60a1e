/** Is a server whose container was just made in order? What that means depends on what it is to the cluster. */
import type { Clock } from '../kit/clock.js';
import { messageOf, UserError } from '../kit/errors.js';
import { openLasting } from '../kit/lasting.js';
import type { PauseNote } from '../kit/pause-note.js';
import type { Report } from '../kit/report.js';
import type { Turns } from '../kit/turn.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import type { Docker } from '../live/docker.js';
import { problemOf, quorumOf, votersOf } from '../live/health.js';
import { hopelessSentence } from '../live/lost.js';
import { askState, type NodeState } from '../live/node-state.js';
import type { Sql } from '../live/sql.js';
import { findNode, type ClusterView } from '../live/view.js';
import { handSecretsOver, handSettingsOver, type HandOver } from './hand-over.js';
import { endPause } from './pause.js';
import { openRefusal } from './refusal.js';

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
  /** The turn that its Roll has taken. */
  readonly turns: Turns;
  readonly pause: PauseNote;
  readonly sql: Sql | undefined;
  /** Settings that a reload can take, for a server that has none of them yet. */
  readonly reloadable: string;
}

export type Standing = 'member' | 'newcomer' | 'lost';

// a copy takes as long as the data is large
const deadlines = { answer: 60_000, healthy: 120_000, copied: 3_600_000, hopeless: 10_000 };

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

/** A server whose container was just made. */
export interface Checked {
  readonly id: number;
  readonly container: string;
}

/**
 * Wait until server `id` serves its part again, if it is a member, and pass the turn on; a newcomer only has to answer.
 *
 * One whose volume was lost is told the secrets again: it copies the data, and the leader adds it anew.
 *
 * @throws UserError when it refuses to start, its secrets are nowhere, or a deadline passes: then nobody has the turn in this run any more
 */
export async function checkNode(node: Checked, tools: CheckTools): Promise<void> {
  const { turns } = tools;
  turns.note(node.id, { what: 'is started', limit: deadlines.answer + deadlines.healthy });
  try {
    await checkHealth(node, tools);
    await endOwnPause(tools);
  } catch (error) {
    turns.note(node.id, { what: 'was replaced,', failed: messageOf(error) });
    throw error;
  }
  turns.pass(node.id);
}

/** Where failover was paused for a replacement of the primary, that is over. */
async function endOwnPause({ look, pause, sql }: CheckTools): Promise<void> {
  const view = pause.exists() ? await look() : undefined;
  if (view !== undefined) await endPause({ sql }, view, pause);
}

async function checkHealth({ id, container }: Checked, tools: CheckTools): Promise<void> {
  const { docker, clock, report, look, known } = tools;
  const seeLog = `see docker logs ${container}`;
  const mend = `${seeLog}; no other server was replaced after it: mend that, or set back what was changed, then deploy again`;
  const refusal = openRefusal(clock);
  const state = await report.step(`${container} answers`, async (progress) => {
    const probe = async () => {
      const answer = await askState(docker, container, 5_000);
      return answer.asked ? found(answer.state) : notYet(answer.problem);
    };
    const options = { deadline: deadlines.answer, every: 100, fix: seeLog, clock, progress };
    return waitUntil(`${container} to answer`, probe, options);
  });
  const standingNow = await currentStanding();
  // before its first start: Join only hands over what has changed since
  if (standingNow !== 'member' && tools.reloadable !== '') await handSettingsOver(container, tools);
  if (standingNow === 'newcomer') return;
  if (standingNow === 'lost' && state.configured === 'no') {
    await report.step(`${container} has lost its volume, and is told the secrets again`, async () => tellSecrets());
  }
  await report.step(`${container} is healthy`, async (progress) => {
    const lasts = openLasting(deadlines.hopeless, clock);
    const probe = async () => {
      const view = await look();
      if (view === undefined) return notYet('no container of the cluster is left');
      const node = view.nodes.find((candidate) => candidate.id === id);
      const refused = refusal(node?.entryPoint);
      if (refused !== undefined) throw new UserError(`${container} refuses to start: ${refused}; ${mend}`);
      const hopeless = view.members.length > 0 ? hopelessSentence(view, votersOf(view)) : undefined;
      if (lasts(hopeless !== undefined)) throw new UserError(`${container} cannot become healthy: ${hopeless}`);
      const problem = problemOf(view, id);
      return problem === undefined || isAllItCan(view, id) ? found(true) : notYet(problem);
    };
    const deadline = standingNow === 'lost' ? deadlines.copied : deadlines.healthy;
    tools.turns.note(id, { limit: deadline });
    await waitUntil(`${container} to be healthy`, probe, { deadline, fix: mend, clock, progress });
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
    if (state.formation === 'token' || (first === 'member' && known.members.includes(id))) return first;
    const members = (await look())?.members.map((member) => member.id) ?? [];
    if (members.length === 0) return first;
    // one that has its copy by now, and was never added
    if (first === 'member') return members.includes(id) ? 'member' : 'newcomer';
    return standing(id, state, { formed: true, members });
  }
}

/** It runs, and what is missing are others: a majority of which does not answer. They come after it, one by one. */
function isAllItCan(view: ClusterView, id: number): boolean {
  const { up, needed } = quorumOf(view);
  return up < needed && findNode(view, id)?.raft.available === true;
}
