/** A server leaves for good, in a cluster that goes on: leadership goes elsewhere, then it is no member, then its container may go. */
import { readHookCall, type InputOf } from '../../constructs/hook-input.js';
import { messageOf, UserError } from '../kit/errors.js';
import { openLasting } from '../kit/lasting.js';
import { ownerOf } from '../../setup/lock.mjs';
import { openTurns } from '../kit/turn.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import { readCluster } from '../live/read.js';
import { primaryOf, type ClusterView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { isMember, whyLeavingIsDone } from './departure.js';
import { describeHolder, existing, within, withDepartureTools, type DepartureTools } from './departing.js';
import { heirOf, majorityGuard, stoppedFor, whyStay } from './leave-plan.js';
import { endPause } from './pause.js';
import { switchover } from './switchover.js';

/** Others may be replaced, and so down, before; every one of them has a deadline of its own. */
const deadlines = { leaving: 300_000, call: 60_000, settled: 60_000, turn: 180_000, stopped: 20_000 };
const fix = 'it was not removed and goes on; mend that (npm run status tells more), then deploy again';

/** What the hook Leave does. @throws UserError when the server cannot leave: it is still a member then, or its group has no majority */
export async function leave(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const { input, cluster } = readHookCall('leave', env);
  // the removal ends within this process, and so does its turn
  const turns = (prefix: string) => openTurns(prefix, ownerOf(process.pid));
  await withDepartureTools(cluster, turns, async (tools) => leaveCluster(input, tools));
  return 0;
}

export async function leaveCluster(input: InputOf<'leave'>, tools: DepartureTools): Promise<void> {
  const { live, report, cluster, turns, pause } = tools;
  const { node: id, container } = input;
  const view = await readCluster(live);
  const member = input.present === 'yes' && isMember(view, id, live.secrets?.formed);
  const done = whyLeavingIsDone(input, { member });
  if (done !== undefined) {
    report.note(`nothing to do: ${done}`);
    return;
  }
  if (live.sql === undefined) {
    throw new UserError(
      `${container} cannot leave: the superuser password is not known; run npm start, then deploy again`,
    );
  }
  const first = existing(view, cluster.prefix);
  const guard = majorityGuard(
    first,
    cluster.nodes.map((node) => node.id),
    cluster,
  );
  if (guard !== undefined) throw new UserError(guard);
  await endPause(live, first, pause);
  const look = openWatch(live, live.clock);
  const waiting = { fix, clock: live.clock };
  const staysStopped = openLasting(deadlines.stopped, live.clock);
  try {
    await report.step(`${container} has left the Raft group`, async (progress) =>
      waitUntil(`${container} to leave`, async () => tryToLeave(progress), {
        ...waiting,
        deadline: deadlines.leaving,
        every: 250,
        progress,
      }),
    );
    await report.step('the servers that remain are a majority and accept writes', async (progress) =>
      waitUntil('them to accept writes without it', async () => settled(), {
        ...waiting,
        deadline: deadlines.settled,
        progress,
      }),
    );
  } finally {
    turns.pass(id);
  }

  async function tryToLeave(progress: (line: string) => void): Promise<Look<true>> {
    tools.expectRun();
    const now = existing(await look(), cluster.prefix);
    if (!isMember(now, id, true)) return found(true);
    const reason = whyStay(now, id);
    if (reason !== undefined) {
      // somebody else's turn may be what brings the others back
      turns.pass(id);
      return keep(now, reason);
    }
    staysStopped(false);
    const holder = turns.take({ node: id, container, what: 'leaves the cluster' }, deadlines.turn);
    if (holder !== undefined && holder.node !== id) return notYet(describeHolder(holder, container, tools.now()));
    if (primaryOf(now)?.id === id) {
      await handOver(now, progress);
      return notYet('leadership went to a server that stays');
    }
    return remove(now);
  }

  /** While another is replaced its container does not run either, so a look or two prove nothing. */
  function keep(now: ClusterView, reason: string): Look<never> {
    const stopped = turns.holder() === undefined ? stoppedFor(now, id) : [];
    if (!staysStopped(stopped.length > 0)) return notYet(reason);
    const names = stopped.map((node) => node.container).join(', ');
    throw new UserError(
      `${container} cannot leave: ${reason}; it was not removed and goes on. Nobody has started ${names} meanwhile: do so ` +
        'with docker start (npm start does it, and then deploys), and deploy again',
    );
  }

  async function handOver(now: ClusterView, progress: (line: string) => void): Promise<void> {
    const heir = heirOf(
      now,
      id,
      cluster.nodes.map((node) => node.id),
    );
    if (heir === undefined) throw new Error(`${container} leads, and no server that stays can take over`);
    await switchover(live, { to: heir.name, report: within(progress) });
  }

  /** The leader waits for the WAL barrier (R13) before it answers. */
  async function remove(now: ClusterView): Promise<Look<true>> {
    const endpoint = primaryOf(now)?.endpoint;
    if (live.sql === undefined || endpoint === undefined) return notYet('the primary cannot be asked');
    try {
      await live.sql.query(endpoint, 'select pgraft_remove_node($1)', { values: [id], deadline: deadlines.call });
    } catch (error) {
      return notYet(`pgraft_remove_node: ${messageOf(error)}`);
    }
    return notYet('its removal is committed, and not seen yet');
  }

  async function settled(): Promise<Look<true>> {
    const now = existing(await look(), cluster.prefix);
    if (isMember(now, id, true)) return notYet('it is a member still');
    const primary = primaryOf(now);
    if (primary?.raft.available !== true) return notYet('no server accepts writes');
    return primary.raft.synchronousInForce ? found(true) : notYet('the synchronous setting is not in force yet');
  }
}
