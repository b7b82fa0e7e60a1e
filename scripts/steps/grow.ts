/** A server becomes a member: it has its copy of the data, is added as a spare, catches up, and votes (safety.md S6, R13). */
import type { NodeSpec } from '../../constructs/topology.js';
import type { Clock } from '../kit/clock.js';
import { messageOf, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import { problemOf } from '../live/health.js';
import type { Sql } from '../live/sql.js';
import { findNode, leaderOf, primaryOf, streamOf, type ClusterView, type NodeView } from '../live/view.js';

export interface GrowTools {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly report: Report;
  readonly look: () => Promise<ClusterView>;
}

type Newcomer = Pick<NodeSpec, 'id' | 'container' | 'hostname' | 'raftPort'>;

// a copy takes as long as the data is large, and so does what was written meanwhile
const deadlines = { member: 3_600_000, call: 60_000, refused: 60_000, failing: 60_000 };

/** Ids of the members as the leader tells; undefined when there is none to tell. */
export function membersToldBy(view: ClusterView): number[] | undefined {
  return leaderOf(view) === undefined || view.members.length === 0 ? undefined : view.members.map(({ id }) => id);
}

/**
 * Make `node` a voter that streams.
 *
 * @throws UserError naming it and what keeps it; the others go on as before, and the next deploy goes on from here
 */
export async function addMember(node: Newcomer, { sql, clock, report, look }: GrowTools): Promise<void> {
  const { id, container, hostname, raftPort } = node;
  const fix = `the cluster goes on without it; see docker logs ${container}, then deploy again: it goes on from here`;
  let refusedSince: number | undefined;
  let waitingSince: number | undefined;
  const options = { deadline: deadlines.member, every: 150, fix, clock };
  await report.step(`${container} has a copy of the data`, async (progress) => {
    const has = async () => copied(findNode(await look(), id));
    return waitUntil(`${container} to have a copy of the data`, has, { ...options, progress });
  });
  await report.step(`${container} is a member that votes and streams`, async (progress) =>
    waitUntil(`${container} to be a member`, async () => joined(await look()), { ...options, progress }),
  );

  /** A spare becomes a voter without being asked for again. */
  async function joined(view: ClusterView): Promise<Look<true>> {
    const primary = primaryOf(view);
    if (primary?.endpoint === undefined) return notYet('no server accepts writes');
    const member = view.members.find((one) => one.id === id);
    if (member === undefined) return ask(primary.endpoint);
    if (!member.voter) return notYet(catchingUp(view, primary, id));
    const problem = problemOf(view, id);
    return problem === undefined ? found(true) : notYet(problem);
  }

  async function ask(endpoint: NonNullable<NodeView['endpoint']>): Promise<Look<never>> {
    const values = [id, hostname, raftPort];
    try {
      await sql.query(endpoint, 'select pgraft_add_node($1, $2, $3)', { values, deadline: deadlines.call });
      refusedSince = undefined;
      return notYet('it was added, and is not seen yet');
    } catch (error) {
      refusedSince ??= clock.now();
      const said = `pgraft_add_node(${id}, '${hostname}', ${raftPort}): ${messageOf(error)}`;
      if (clock.now() - refusedSince < deadlines.refused) return notYet(said);
      throw new UserError(`${container} could not be added for ${deadlines.refused / 1000} s: ${said}; ${fix}`);
    }
  }

  function copied(newcomer: NodeView | undefined): Look<true> {
    if (newcomer === undefined) return notYet('the container is missing');
    if (newcomer.postgres.accepting) return found(true as const);
    const { entryPoint, docker } = newcomer;
    if (docker.status !== 'running') return notYet(`the container is ${docker.status}`);
    if (entryPoint?.asked !== true) return notYet(newcomer.postgres.problem);
    const { phase, message } = entryPoint.state;
    if (phase === 'refused') throw new UserError(`${container} refuses to start: ${message}; ${fix}`);
    if (phase === 'waiting') {
      // it waits before each attempt, too, so what counts is that there have been some
      waitingSince ??= clock.now();
      if (clock.now() - waitingSince >= deadlines.failing) {
        throw new UserError(`${container} gets no copy of the data: ${message}; ${fix}`);
      }
    }
    return notYet(message === '' ? phase : `${phase}: ${message}`);
  }
}

function catchingUp(view: ClusterView, primary: NodeView, id: number): string {
  const node = findNode(view, id);
  const lag = node === undefined ? undefined : streamOf(primary, node)?.flushLagBytes;
  return lag === undefined ? 'a spare: it does not stream yet' : `a spare: it lacks ${lag} bytes of WAL`;
}
