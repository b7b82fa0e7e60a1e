/**
 * Rolling maintenance of one server, by the five steps of the documentation: clients leave, it follows, it has everything, it is out of
 * service while something is done to it, and it streams and counts again. Once it is out of service, nothing keeps it from coming back.
 */
import prettyMs from 'pretty-ms';
import { volumeName } from '../../constructs/topology.js';
import { InterruptedError, messageOf, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { noWishes, orInterrupted, stoppableClock, unlessAborted, type Wishes } from '../kit/stoppable.js';
import { found, notYet, waitUntil, type WaitOptions } from '../kit/wait.js';
import { problemOf } from '../live/health.js';
import type { Live } from '../live/open.js';
import { pickNode } from '../live/pick.js';
import { readExistingCluster } from '../live/read.js';
import { primaryOf, type NodeView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { expectSpared } from './maintain-plan.js';
import { settle } from './settle.js';
import { switchover } from './switchover.js';

const deadlines = { look: 900, clients: 10_000, caughtUp: 60_000 };
const fix = 'see npm run status and npm run logs';

/** Runs a command on this machine to its end. @returns its exit status */
export type RunCommand = (command: readonly string[], environment: Readonly<Record<string, string>>) => Promise<number>;

export interface MaintainOptions {
  /** Name, container or id of the server. */
  readonly node: string;
  /** What is done while it is out of service; empty: only that. */
  readonly command: readonly string[];
  readonly run: RunCommand;
  readonly report: Report;
  readonly wishes?: Wishes;
}

export interface Maintained {
  readonly node: NodeView;
  /** Of the command; 0 without one. */
  readonly status: number;
  /** Milliseconds of each step, in order. */
  readonly steps: readonly { readonly title: string; readonly took: number }[];
  /** Milliseconds that its server was out of service, until it streamed and counted again. */
  readonly away: number;
}

/**
 * What npm run maintain does.
 *
 * @throws UserError when the server cannot be spared (it was not touched then), or does not come back; InterruptedError
 */
export async function maintain(live: Live, options: MaintainOptions): Promise<Maintained> {
  const run = new Run(live, options);
  const node = await orInterrupted(options.wishes?.end ?? noWishes.end, run.begin());
  await run.prepare(node);
  return run.perform(node);
}

class Run {
  readonly #wishes: Wishes;
  readonly #steps: { title: string; took: number }[] = [];

  constructor(
    private readonly live: Live,
    private readonly options: MaintainOptions,
  ) {
    this.#wishes = options.wishes ?? noWishes;
  }

  async begin(): Promise<NodeView> {
    const view = await readExistingCluster(this.live);
    if (this.live.sql === undefined) {
      throw new UserError('the superuser password is not known: the secrets are missing; run npm start');
    }
    const node = pickNode(view.nodes, this.options.node);
    expectSpared(view, node);
    return node;
  }

  /** Until it may be stopped; interrupted meanwhile, it is in service as before. */
  async prepare(node: NodeView): Promise<void> {
    try {
      await orInterrupted(this.#wishes.end, this.#ready(node));
      this.#wishes.end.throwIfAborted();
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      const said = error.message === 'interrupted' ? '' : `${error.message.replace(/^interrupted: /, '')}; `;
      throw new InterruptedError(error.signal, `interrupted: ${said}${node.container} was not taken out of service`);
    }
  }

  async #ready(node: NodeView): Promise<void> {
    await this.#clientsLeave(node);
    await this.#follow(node);
    await this.#catchUp(node);
    // things may have changed since the first look
    expectSpared(await readExistingCluster(this.live), node);
  }

  async perform(node: NodeView): Promise<Maintained> {
    const { docker, clock } = this.live;
    const { command } = this.options;
    const begun = clock.now();
    let ended: number | undefined;
    try {
      await this.#step(`4. ${node.container} is out of service`, async () => docker.stop([node.container]));
      const nothing = command.length === 0 || this.#wishes.end.aborted;
      ended = nothing ? 0 : await this.#run(node);
    } catch (error) {
      // at a terminal docker hears Ctrl-C, too
      if (!this.#wishes.end.aborted) throw error;
    } finally {
      await this.#comeBack(node, ended);
    }
    const away = clock.now() - begun;
    const { end } = this.#wishes;
    if (end.aborted) {
      const { signal } = end.reason as InterruptedError;
      throw new InterruptedError(signal, `interrupted: ${node.container} is back, streams and counts`);
    }
    return { node, status: ended ?? 0, steps: this.#steps, away };
  }

  /** What they are at may end; who comes anew is not kept away. */
  async #clientsLeave(node: NodeView): Promise<void> {
    const { clock } = this.live;
    const [first] = await this.#ask(node, sessionsQuery);
    const title = `1. ${Number(first?.['sessions'])} clients of ${node.container} end what they are at`;
    await this.#step(title, async (progress) => {
      const until = clock.now() + deadlines.clients;
      const look = async () => {
        const [row] = await this.#ask(node, transactionsQuery, [first?.['now']]);
        const left = Number(row?.['transactions']);
        return left === 0 || clock.now() >= until ? found(left) : notYet(`${left} transactions go on`);
      };
      const left = await waitUntil('them to end', look, this.#waiting(2 * deadlines.clients, progress));
      if (left > 0) progress(`${left} transactions go on after ${prettyMs(deadlines.clients)}, and are cut off`);
    });
  }

  async #follow(node: NodeView): Promise<void> {
    const leads = primaryOf(await readExistingCluster(this.live))?.id === node.id;
    await this.#step(
      leads ? `2. Another server takes over from ${node.container}` : `2. ${node.container} follows`,
      async (progress) => {
        if (!leads) return;
        const report: Report = {
          note: progress,
          step: async (title, work) => {
            progress(title.replace(/^\d+\. /, ''));
            return work(progress);
          },
        };
        await switchover(this.live, { report, end: this.#wishes.end });
      },
    );
  }

  /** Everything that was written until now: under a load there is always something newer. */
  async #catchUp(node: NodeView): Promise<void> {
    await this.#step(`3. ${node.container} has everything`, async (progress) => {
      const primary = primaryOf(await readExistingCluster(this.live));
      if (primary === undefined)
        throw new UserError(`no server accepts writes; ${fix}; ${node.container} was not touched`);
      const [end] = await this.#ask(primary, 'select pg_current_wal_flush_lsn()::text as lsn');
      const text = 'select pg_wal_lsn_diff($1, pg_last_wal_replay_lsn())::bigint as lag';
      const has = async () => {
        const lag = Number((await this.#ask(node, text, [end?.['lsn']]))[0]?.['lag']);
        return lag <= 0 ? found(true) : notYet(`it lacks ${lag} bytes`);
      };
      await waitUntil(`${node.container} to catch up`, has, this.#waiting(deadlines.caughtUp, progress));
    });
  }

  /** Its own output comes in between, so this is no step of the report. */
  async #run(node: NodeView): Promise<number> {
    const { command, report, run } = this.options;
    report.note(`  $ ${command.join(' ')}`);
    const begun = this.live.clock.now();
    const status = await run(command, {
      MAINTAIN_NODE: node.name,
      MAINTAIN_ID: String(node.id),
      MAINTAIN_CONTAINER: node.container,
      MAINTAIN_VOLUME: volumeName(this.live.prefix, node.id),
      MAINTAIN_CLUSTER: this.live.prefix,
    });
    const took = this.live.clock.now() - begun;
    this.#steps.push({ title: 'the command', took });
    report.note(`${status === 0 ? '✓' : '✗'} the command ended with status ${status} (${prettyMs(took)})`);
    return status;
  }

  async #comeBack({ id, container }: NodeView, ended: number | undefined): Promise<void> {
    const { docker, clock } = this.live;
    try {
      await this.#step(`5. ${container} streams and counts again`, async (progress) => {
        await docker.start([container]).catch((problem: unknown) => {
          throw new UserError(
            `${container} could not be started again: ${messageOf(problem)}; npm start then brings it back`,
          );
        });
        await settle(openWatch(this.live, clock), stoppableClock(clock, this.#wishes.insist), progress);
      });
    } catch (error) {
      const command = (ended ?? 0) === 0 ? '' : `the command ended with status ${ended}; `;
      if (!(error instanceof InterruptedError)) throw new UserError(`${command}${messageOf(error)}`);
      const problem = problemOf(await readExistingCluster(this.live), id) ?? `${container} is back`;
      throw new InterruptedError(
        error.signal,
        `interrupted: ${command}${problem}; npm run status shows how it goes on`,
      );
    }
  }

  async #step<T>(title: string, work: (progress: (line: string) => void) => Promise<T>): Promise<T> {
    const begun = this.live.clock.now();
    const value = await this.options.report.step(title, work);
    this.#steps.push({ title, took: this.live.clock.now() - begun });
    return value;
  }

  #waiting(deadline: number, progress: (line: string) => void): WaitOptions {
    return { deadline, fix, clock: stoppableClock(this.live.clock, this.#wishes.end), progress };
  }

  async #ask({ endpoint, container }: NodeView, text: string, values: readonly unknown[] = []) {
    const { sql } = this.live;
    if (sql === undefined || endpoint === undefined) throw new UserError(`${container} cannot be asked; ${fix}`);
    return unlessAborted(this.#wishes.end, sql.query(endpoint, text, { values, deadline: deadlines.look }));
  }
}

const clients = "backend_type = 'client backend' and pid <> pg_backend_pid()";
const sessionsQuery = `select count(*)::int as sessions, now()::text as now from pg_stat_activity where ${clients}`;
const transactionsQuery = `
  select count(*)::int as transactions from pg_stat_activity
   where ${clients} and xact_start <= $1::timestamptz`;

/** Sentences with the times. */
export function maintainedSentence({ node, status, steps, away }: Maintained): string {
  const longest = steps.reduce((one, other) => (other.took > one.took ? other : one));
  const failed = status === 0 ? '' : ` The command ended with status ${status}.`;
  return (
    `${node.container} was out of service for ${prettyMs(away)}, and streams and counts again. ` +
    `Longest step: ${longest.title.replace(/^\d+\. /, '')} (${prettyMs(longest.took)}).${failed}`
  );
}
