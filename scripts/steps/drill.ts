/** The failover drill of the documentation, step by step: a planned hand-over, and everything as it was before behind it. */
import { InterruptedError, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { noWishes, orInterrupted, stoppableClock } from '../kit/stoppable.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import { problemsOf, votersOf } from '../live/health.js';
import type { Live } from '../live/open.js';
import type { SqlRow } from '../live/sql.js';
import { leaderOf, primaryOf, streamOf, type ClusterView, type NodeView } from '../live/view.js';
import { openWatch } from '../live/watch.js';

const deadlines = { call: 30_000, leads: 10_000, healthy: 60_000 };
const fix = 'see npm run status and npm run logs';

/**
 * @param end what a person wants who breaks it off
 * @returns the cluster as it is afterwards
 * @throws UserError when the cluster is not healthy, has nobody to hand over to, or a step fails
 */
export async function drill(live: Live, report: Report, end = noWishes.end): Promise<ClusterView> {
  try {
    return await orInterrupted(end, play({ ...live, clock: stoppableClock(live.clock, end) }, report));
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const sentence =
      'interrupted: leadership may have moved; what was begun goes on by itself, npm run status shows how';
    throw new InterruptedError(error.signal, sentence);
  }
}

async function play(live: Live, report: Report): Promise<ClusterView> {
  const look = openWatch(live, live.clock);
  const view = async () => {
    const seen = await look();
    if (seen === undefined) throw new UserError(`there is no cluster ${live.prefix}; npm start makes one`);
    return seen;
  };
  const before = await report.step('1. The cluster is healthy', async () => expectHealthy(await view(), live));
  const { primary, target } = partners(before);
  await report.step(`2. Leadership goes from ${primary.container} to ${target.container}`, async () => {
    await call(live, primary, 'select pgraft_transfer_leadership($1)', [target.id]);
  });
  await report.step(`3. Every server says that ${target.container} leads, and it accepts writes`, async (progress) => {
    const agreed = async () => agreement(await view(), await asked(live, before.nodes), target);
    await waitUntil(`${target.container} to lead`, agreed, {
      deadline: deadlines.leads,
      fix,
      clock: live.clock,
      progress,
    });
  });
  await report.step('4. Automatic failover is enabled on every server', async (progress) => {
    await call(live, target, "select pgraft_set_config('failover_enabled', 'true')");
    const enabled = async () => {
      const paused = (await view()).nodes.filter(({ raft }) => !raft.available || !raft.failoverEnabled);
      return paused.length === 0
        ? found(true)
        : notYet(`not on ${paused.map(({ container }) => container).join(', ')}`);
    };
    await waitUntil('failover_enabled to be true', enabled, {
      deadline: deadlines.healthy,
      fix,
      clock: live.clock,
      progress,
    });
  });
  return report.step(
    `5. ${primary.container} streams from ${target.container}: the cluster is healthy`,
    async (progress) => {
      const healthy = async () => {
        const seen = await view();
        const [problem] = problemsOf(seen);
        return problem === undefined ? found(seen) : notYet(problem);
      };
      return waitUntil('a healthy cluster', healthy, { deadline: deadlines.healthy, fix, clock: live.clock, progress });
    },
  );
}

function expectHealthy(view: ClusterView, { sql }: Live): ClusterView {
  if (sql === undefined)
    throw new UserError('the superuser password is not known: the secrets are missing; run npm start');
  if (votersOf(view).length === 1) {
    throw new UserError(
      'there is one server, and nobody to hand over to: a drill needs two or more (PGRAFT_NODES=3 npm start); nothing was changed',
    );
  }
  const problems = problemsOf(view);
  if (problems.length === 0) return view;
  throw new UserError(
    `the cluster is not healthy, and a drill would only make it worse: ${problems.join('; ')}; nothing was changed`,
  );
}

/** From the primary, whichever server that is, to the voter that lags least. Pure. */
export function partners(view: ClusterView): { primary: NodeView; target: NodeView } {
  const primary = primaryOf(view);
  if (primary === undefined) throw new UserError('no server accepts writes now; see npm run status');
  const voters = votersOf(view);
  const lag = (node: NodeView) => streamOf(primary, node)?.flushLagBytes ?? Number.POSITIVE_INFINITY;
  const [target] = view.nodes
    .filter(({ id }) => id !== primary.id && voters.includes(id))
    .sort((a, b) => lag(a) - lag(b) || a.id - b.id);
  if (target === undefined)
    throw new UserError('no other server votes: there is nobody to hand over to; nothing was changed');
  return { primary, target };
}

/** What a server itself says, as the documented step asks it. */
export interface Answer {
  readonly container: string;
  readonly id: number;
  readonly leads: boolean;
  readonly leader: number;
}

async function asked(live: Live, nodes: readonly NodeView[]): Promise<Answer[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const rows = await call(live, node, 'select pgraft_is_leader() as leads, pgraft_get_leader() as leader');
      return {
        container: node.container,
        id: node.id,
        leads: rows[0]?.['leads'] === true,
        leader: Number(rows[0]?.['leader']),
      };
    }),
  );
}

/** Whether all servers agree on `target`, and it serves. Pure. */
export function agreement(view: ClusterView, answers: readonly Answer[], target: NodeView): Look<true> {
  const dissent = answers.find(({ id, leads, leader }) => leader !== target.id || leads !== (id === target.id));
  if (dissent !== undefined) {
    const { container, leads, leader } = dissent;
    return notYet(`${container} says pgraft_get_leader() = ${leader}, pgraft_is_leader() = ${leads}`);
  }
  if (leaderOf(view)?.id !== target.id || primaryOf(view)?.id !== target.id) {
    return notYet(`${target.container} does not accept writes yet`);
  }
  return found(true);
}

async function call({ sql }: Live, node: NodeView, text: string, values: readonly unknown[] = []): Promise<SqlRow[]> {
  if (sql === undefined || node.endpoint === undefined)
    throw new UserError(`${node.container} cannot be asked; ${fix}`);
  return sql.query(node.endpoint, text, { values, deadline: deadlines.call });
}
