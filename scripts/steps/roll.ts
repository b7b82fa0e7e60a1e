/** A server's container is replaced, in a cluster that goes on: one at a time, and nobody who is needed. */
import { readHookCall, type InputOf } from '../../constructs/hook-input.js';
import { standbyLimits } from '../../constructs/postgres-settings.js';
import { messageOf, UserError } from '../kit/errors.js';
import { openLasting } from '../kit/lasting.js';
import { openTurns } from '../kit/turn.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import { failoverSentence } from '../live/failover.js';
import { votersOf } from '../live/health.js';
import type { Container } from '../live/docker.js';
import { readCluster } from '../live/read.js';
import { primaryOf, type ClusterView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { isMember, whyRollingIsDone, whyUnreachable } from './departure.js';
import { describeHolder, existing, within, withDepartureTools, type DepartureTools } from './departing.js';
import { pauseFailover, endPause } from './pause.js';
import {
  isPrimaryFirst,
  limitChanges,
  outdatedMembers,
  predecessors,
  whyKeep,
  type CurrentLimit,
} from './roll-plan.js';
import { switchover } from './switchover.js';

const deadlines = {
  // each of the others may take long; that they go on at all is watched over
  turn: 6 * 3_600_000,
  idle: 60_000,
  healthy: 120_000,
  look: 2_000,
  order: 20_000,
  // of the turn: until the container is let go, and from then until the new one answers
  leaving: 300_000,
  replaced: 240_000,
};
const fix = 'it was not replaced and goes on; mend that (npm run status tells more), then deploy again';

const inTurn =
  'it was not replaced and goes on: deploy all servers at once, without -target and with the default -parallelism';

function nobodyWrites(view: ClusterView): string {
  return `no server accepts writes (${failoverSentence(view).replace(/^no: /, '')})`;
}

/** What the hook Roll does. @throws UserError when the container must not go: it goes on unchanged then */
export async function roll(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { input, cluster } = readHookCall('roll', env);
  if (input.containerId === '') {
    console.log(`nothing to do: slot ${input.node} was empty`);
    return 0;
  }
  await withDepartureTools(cluster, openTurns, async (tools) => letRoll(input, tools));
  return 0;
}

export async function letRoll(input: InputOf<'roll'>, tools: DepartureTools): Promise<void> {
  const { report, turns, live } = tools;
  const { node: id, container } = input;
  const done = await whyDone(input, tools);
  if (done !== undefined) {
    report.note(`nothing to do: ${done}`);
    return;
  }
  const moved = whyUnreachable(input, tools.cluster);
  if (moved !== undefined) throw new UserError(moved);
  if (live.sql === undefined) {
    throw new UserError(
      `${container} cannot be replaced: the superuser password is not known; run npm start, then deploy again`,
    );
  }
  const run = new Run(input, tools);
  const gone = await report.step(`${container} has its turn`, async (progress) => run.awaitTurn(progress));
  if (gone) {
    turns.pass(id);
    return;
  }
  try {
    await run.letGo();
    turns.note(id, { what: 'is replaced', limit: deadlines.replaced });
  } catch (error) {
    // nobody else goes on as if nothing were wrong
    turns.note(id, { what: 'was to be replaced,', failed: messageOf(error) });
    throw error;
  }
}

async function whyDone(input: InputOf<'roll'>, { live, cluster }: DepartureTools): Promise<string | undefined> {
  const objects = await live.docker.objects(cluster.prefix);
  const containerExists = objects.containers.some((one) => one.id === input.containerId);
  const view = await readCluster(live, { objects });
  return whyRollingIsDone(input, { containerExists, member: isMember(view, input.node, live.secrets?.formed) });
}

class Run {
  readonly #look: () => Promise<ClusterView | undefined>;
  /** Hears whether nobody has the turn. */
  readonly #idleLasts: (holds: boolean) => boolean;

  constructor(
    private readonly input: InputOf<'roll'>,
    private readonly tools: DepartureTools,
  ) {
    this.#look = openWatch(tools.live, tools.live.clock);
    this.#idleLasts = openLasting(deadlines.idle, tools.live.clock);
  }

  /** @returns whether there is nothing to wait for any more */
  async awaitTurn(progress: (line: string) => void): Promise<boolean> {
    const { clock } = this.tools.live;
    const probe = async () => this.#tryToTake();
    return waitUntil('its turn', probe, { deadline: deadlines.turn, every: 300, fix, clock, progress });
  }

  async letGo(): Promise<void> {
    const { report, live, cluster, pause } = this.tools;
    const { node: id, container } = this.input;
    const view = await report.step(`${container} can be spared`, async (progress) =>
      waitUntil(`the others to be healthy, before ${container} goes`, async () => this.#spared(), {
        deadline: deadlines.healthy,
        fix,
        clock: live.clock,
        progress,
      }),
    );
    const primary = primaryOf(view);
    if (primary?.id !== id) return;
    if (isPrimaryFirst(limitChanges(await this.#limits(view), cluster.limits))) {
      await report.step(`${container} takes its lowered settings without handing over`, async () => {
        await pauseFailover(live, primary, pause);
        await this.#order('lower');
      });
    } else if (votersOf(view).length > 1) {
      await report.step(`another server takes over from ${container}`, async (progress) =>
        switchover(live, { report: within(progress) }),
      );
    }
  }

  async #tryToTake(): Promise<Look<boolean>> {
    const { turns, live, now, pause, cluster, expectRun } = this.tools;
    const { node: id, container } = this.input;
    expectRun();
    const holder = turns.holder();
    if (holder !== undefined && holder.node !== id) return this.#busy(describeHolder(holder, container, now()));
    const { containers } = await live.docker.objects(cluster.prefix);
    const view = existing(await this.#look(), cluster.prefix);
    if (this.#isDone(view, containers)) return found(true);
    const first = await this.#first(view, containers);
    if (first !== undefined) return this.#idle(`${first.join(', ')} first`, inTurn);
    if (primaryOf(view) === undefined && whyKeep(view, id) !== undefined) return this.#idle(nobodyWrites(view), fix);
    const other = turns.take({ node: id, container, what: 'is about to be replaced' }, deadlines.leaving);
    if (other !== undefined && other.node !== id) return this.#busy(describeHolder(other, container, now()));
    await endPause(live, view, pause);
    return found(false);
  }

  #isDone(view: ClusterView, containers: readonly Container[]): boolean {
    const { containerId, node } = this.input;
    return !containers.some(({ id }) => id === containerId) || !isMember(view, node, true);
  }

  /** Whose turn comes before this server's; undefined: nobody's. */
  async #first(view: ClusterView, containers: readonly Container[]): Promise<readonly string[] | undefined> {
    const { cluster } = this.tools;
    const { node: id } = this.input;
    const outdated = outdatedMembers(view, containers, cluster.definitions);
    const primaryFirst = isPrimaryFirst(limitChanges(await this.#limits(view), cluster.limits));
    const names = predecessors(view, id, { outdated, primaryFirst }).map(({ container }) => container);
    return names.length === 0 ? undefined : names;
  }

  #busy(seen: string): Look<never> {
    this.#idleLasts(false);
    return notYet(seen);
  }

  /** Nobody has the turn, and this server must not take it: for a while that is in order. */
  #idle(seen: string, remedy: string): Look<never> {
    if (!this.#idleLasts(true)) return notYet(seen);
    throw new UserError(
      `${this.input.container} waits for its turn, which nobody has taken for ${deadlines.idle / 1000} s: ${seen}; ${remedy}`,
    );
  }

  async #spared(): Promise<Look<ClusterView>> {
    const view = existing(await this.#look(), this.tools.cluster.prefix);
    const reason = whyKeep(view, this.input.node);
    return reason === undefined ? found(view) : notYet(reason);
  }

  async #limits(view: ClusterView): Promise<readonly CurrentLimit[]> {
    const { sql } = this.tools.live;
    const endpoint = primaryOf(view)?.endpoint;
    if (sql === undefined || endpoint === undefined) return [];
    const text = 'select name, setting, boot_val from pg_settings where name = any ($1)';
    const rows = await sql.query(endpoint, text, { values: [standbyLimits], deadline: deadlines.look });
    return rows.map((row) => ({
      name: String(row['name']),
      value: Number(row['setting']),
      otherwise: Number(row['boot_val']),
    }));
  }

  async #order(command: string): Promise<void> {
    const { docker } = this.tools.live;
    const { container } = this.input;
    const outcome = await docker.exec(container, ['pgraft-node', command], { deadline: deadlines.order });
    if (!outcome.ok) throw new UserError(`${container}, pgraft-node ${command}: ${outcome.problem}; ${fix}`);
  }
}
