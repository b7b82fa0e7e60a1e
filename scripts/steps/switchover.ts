/** A planned change of the primary: leadership goes to another server, and the old one comes back as its standby. */
import prettyMs from 'pretty-ms';
import { InterruptedError, messageOf, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { noWishes, orInterrupted, stoppableClock, unlessAborted } from '../kit/stoppable.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import { problemOf } from '../live/health.js';
import type { Live } from '../live/open.js';
import { pickNode } from '../live/pick.js';
import { readExistingCluster } from '../live/read.js';
import { readSynchronousNames } from '../live/synchronous-set.js';
import { primaryOf, type ClusterView, type NodeView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { planSwitchover, type SwitchoverPlan } from './switchover-plan.js';

// a copy takes as long as the data is large
const deadlines = { call: 30_000, look: 900, writable: 30_000, streaming: 120_000, copied: 3_600_000 };
const fix = 'see npm run status and npm run logs';
/** Milliseconds between two looks for the new primary: each takes time from the servers that are at work on it. */
const often = 20;

export interface SwitchoverOptions {
  /** Name, container or id of the server that is to lead. @default - the best standby */
  readonly to?: string | undefined;
  readonly report: Report;
  /** Aborted with an InterruptedError when nobody wants to wait any longer. @default - never */
  readonly end?: AbortSignal;
}

export interface Switched {
  readonly from: NodeView;
  readonly to: NodeView;
  /** Milliseconds from the call until it was answered, the new primary accepted writes, and the old one streamed from it. */
  readonly answered: number;
  readonly writable: number;
  readonly streaming: number;
  /** The old primary's data had to be copied anew. */
  readonly copied: boolean;
}

/**
 * What npm run switchover does.
 *
 * @throws UserError when nobody can take over (nothing was changed then), or not in time; InterruptedError, telling how things stand
 */
export async function switchover(live: Live, { to, report, end = noWishes.end }: SwitchoverOptions): Promise<Switched> {
  const run = new Run(live, report, end);
  const plan = await report.step(`1. ${to ?? 'A standby'} can take over`, async () => run.plan(to)).catch(notBegun);
  try {
    return await orInterrupted(end, run.perform(plan));
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(error.signal, `interrupted: ${await howThingsStand(live, plan)}`);
  }

  function notBegun(error: unknown): never {
    if (end.aborted)
      throw new InterruptedError((end.reason as InterruptedError).signal, 'interrupted: nothing was changed');
    throw error;
  }
}

class Run {
  readonly #stoppable: Live;

  constructor(
    private readonly live: Live,
    private readonly report: Report,
    private readonly end: AbortSignal,
  ) {
    this.#stoppable = { ...live, clock: stoppableClock(live.clock, end) };
  }

  async plan(given: string | undefined): Promise<SwitchoverPlan> {
    const view = await readExistingCluster(this.live);
    if (this.live.sql === undefined) {
      throw new UserError('the superuser password is not known: the secrets are missing; run npm start');
    }
    const to = given === undefined ? undefined : pickNode(view.nodes, given);
    // during a hand-over only one standby streams: not what anybody has to mend
    const others = await this.#whoChanges(view);
    if (others.length === 0) return planSwitchover(view, to);
    throw new UserError(
      `another change of the cluster is under way, ${others.join('; ')}; nothing was changed; run this again when that has ended`,
    );
  }

  async perform(plan: SwitchoverPlan): Promise<Switched> {
    const { from, to: wanted } = plan;
    const { clock } = this.live;
    this.end.throwIfAborted();
    const begun = clock.now();
    const since = () => clock.now() - begun;
    const heir = wanted?.container ?? 'the best standby';
    await this.report.step(`2. Leadership goes from ${from.container} to ${heir}`, async () =>
      this.#call(from, wanted),
    );
    const answered = since();
    const title = `3. ${wanted?.container ?? 'The new primary'} accepts writes`;
    const to = await this.report.step(title, async (progress) => this.#writable(plan, progress));
    const writable = since();
    const copied = await this.report.step(`4. ${from.container} streams from ${to.container}`, async (progress) =>
      this.#streaming(from, progress),
    );
    return { from, to, answered, writable, streaming: since(), copied };
  }

  async #call(from: NodeView, to: NodeView | undefined): Promise<void> {
    const { sql } = this.live;
    if (sql === undefined || from.endpoint === undefined) {
      throw new UserError(`${from.container} cannot be asked: its port is not published; nothing was changed`);
    }
    const question = { values: [to?.id ?? null], deadline: deadlines.call };
    try {
      await unlessAborted(this.end, sql.query(from.endpoint, 'select pgraft_transfer_leadership($1)', question));
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      // who leads next tells
      if (!isUncertain(error)) throw new UserError(await this.#refusal(from, error));
    }
  }

  /** The server's own words, who is at it where somebody is, and who leads now. */
  async #refusal(from: NodeView, error: unknown): Promise<string> {
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : '';
    const view = await readExistingCluster(this.live);
    const others = codeOf(error) === busy ? await this.#whoChanges(view) : [];
    const who = others.length === 0 ? '' : ` (${others.join('; ')})`;
    const leads = primaryOf(view);
    const outcome =
      leads?.id === from.id
        ? `${from.container} goes on as the primary`
        : `${leads?.container ?? 'no server'} accepts writes now; ${fix}`;
    return `pgraft_transfer_leadership: ${messageOf(error)}${who}.${hint}; ${outcome}`;
  }

  async #whoChanges({ nodes }: ClusterView): Promise<string[]> {
    const { sql } = this.live;
    const asked = nodes.map(async ({ endpoint, container }) => {
      if (sql === undefined || endpoint === undefined) return [];
      const rows = await sql.query(endpoint, changersQuery, { deadline: deadlines.look }).catch(() => []);
      return rows.map(({ who, pid }) => `asked for by ${String(who)}, process ${String(pid)} on ${container}`);
    });
    return (await Promise.all(asked)).flat();
  }

  /** Only what the plan knows already is used: an engine that is asked takes its time from the servers. */
  async #writable({ from, to: wanted, others }: SwitchoverPlan, progress: (line: string) => void): Promise<NodeView> {
    const look = async () => {
      const answers = await Promise.all(others.map(async (node) => this.#confirms(node)));
      const index = answers.indexOf(true);
      const writer = others[index];
      return writer === undefined ? notYet(`no server but ${from.container} does`) : found(writer);
    };
    const { clock } = this.#stoppable;
    const waiting = { deadline: deadlines.writable, every: often, fix, clock, progress };
    const writer = await waitUntil('another server to accept writes', look, waiting);
    if (wanted === undefined || wanted.id === writer.id) return writer;
    throw new UserError(`${writer.container} accepts writes now, and not ${wanted.container}; ${fix}`);
  }

  /** It accepts writes, and as many standbys stream from it as a commit waits for. */
  async #confirms({ endpoint }: NodeView): Promise<boolean> {
    const { sql } = this.live;
    if (sql === undefined || endpoint === undefined) return false;
    const [row] = await sql.query(endpoint, confirmsQuery, { deadline: deadlines.look }).catch(() => []);
    if (row?.['writable'] !== true) return false;
    return Number(row['confirming']) >= readSynchronousNames(String(row['synchronous_names'])).needed;
  }

  /** @returns whether its data had to be copied */
  async #streaming(from: NodeView, progress: (line: string) => void): Promise<boolean> {
    const { clock } = this.#stoppable;
    const look = openWatch(this.live, this.live.clock);
    let copied = false;
    const probe = async () => {
      const view = await look();
      if (view === undefined) throw new UserError(`no container of ${this.live.prefix} is left`);
      copied ||= isCopying(view, from.id);
      const problem = problemOf(view, from.id);
      return primaryOf(view) !== undefined && problem === undefined ? found(copied) : notYet(problem ?? 'no primary');
    };
    const deadline = () => (copied ? deadlines.copied : deadlines.streaming);
    return waitUntil(`${from.container} to be a streaming standby`, probe, { deadline, fix, clock, progress });
  }
}

const busy = '55006';

const confirmsQuery = `
  select writable, current_setting('synchronous_standby_names') as synchronous_names,
         case when writable then (select count(*) from pg_stat_replication where state = 'streaming' and sync_state <> 'async') end as confirming
    from pgraft_get_cluster_status()`;

const changersQuery = `
  select pid, usename || coalesce(' from ' || client_addr, '') || coalesce(' (' || nullif(application_name, '') || ')', '') as who
    from pg_stat_activity
   where state = 'active' and pid <> pg_backend_pid()
     and query ~* 'pgraft_(transfer_leadership|add_node|remove_node)'`;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The connection was lost, or the server stopped, before the answer: it may have been done. */
function isUncertain(error: unknown): boolean {
  const fromServer = error instanceof Error && 'severity' in error;
  return !fromServer || ['40003', '57P01', '57P02'].includes(codeOf(error));
}

function isCopying({ nodes }: ClusterView, id: number): boolean {
  const entryPoint = nodes.find((node) => node.id === id)?.entryPoint;
  return entryPoint?.asked === true && entryPoint.state.message.startsWith('copies the data of');
}

async function howThingsStand(live: Live, { from }: SwitchoverPlan): Promise<string> {
  const view = await readExistingCluster(live);
  const primary = primaryOf(view);
  if (primary?.id === from.id)
    return `${from.container} is still the primary; npm run status tells whether it stays so`;
  const rest = 'what was begun goes on by itself, npm run status shows how';
  if (primary === undefined) return `leadership is on its way, and no server accepts writes at this moment; ${rest}`;
  const problem = problemOf(view, from.id);
  const old = problem === undefined ? `${from.container} streams from it` : problem;
  return `${primary.container} is the primary now; ${old}${problem === undefined ? '' : `; ${rest}`}`;
}

/** One sentence with the times. */
export function switchedSentence({ from, to, answered, writable, streaming, copied }: Switched): string {
  const how = copied ? ', its data copied anew' : '';
  return (
    `${to.container} is the primary: answered after ${prettyMs(answered)}, accepts writes after ${prettyMs(writable)}; ` +
    `${from.container} is its standby again after ${prettyMs(streaming)}${how}.`
  );
}
