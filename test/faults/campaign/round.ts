/** One round: its faults at their times, each healed whatever happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError } from '../../../scripts/kit/errors.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import { during, type Fault } from '../fault.js';
import { kill, pause, restart, stop } from '../verbs/containers.js';
import { fillDisk } from '../verbs/disk.js';
import { lose } from '../verbs/losses.js';
import { saturate } from '../verbs/machine.js';
import { removeAndAdd } from '../verbs/membership.js';
import { disconnect, partition } from '../verbs/network.js';
import { killProcess, NoSuchProcessError, stopProcess } from '../verbs/processes.js';
import type { Act, Round, Step } from './schedule.js';

export interface Outcome {
  readonly what: string;
  /** Milliseconds after the round's begin. */
  readonly at: number;
  /** Why nothing broke; undefined for a fault that counts. */
  readonly missed: string | undefined;
}

/** Milliseconds for which all servers are broken. */
const allBroken = 2_000;

/**
 * How docker, kill and nsenter say that what they shall act on is not there now; a container that just ends cannot be frozen, takes
 * a command that runs in it along (137), and is not entered any more (setns).
 */
const away =
  /is (paused|already paused|not paused|not running|restarting)|No such process|not connected to|unable to freeze|ended with status 137|executing setns process|cannot open \/proc\/\d+\/ns/;

interface Planned {
  readonly fault: Fault;
  readonly server: FaultServer | undefined;
  readonly at: number;
  readonly lasts: number;
}

/** What cannot be broken on every machine. */
export interface Abilities {
  /** Whether packets can be lost here; else a server is disconnected. */
  readonly partitions: boolean;
  /** Whether the servers have disks of their own; else none is filled. */
  readonly disks: boolean;
}

interface Stage {
  readonly able: Abilities;
  /** Hears of each fault when it is there. */
  readonly report: (outcome: Outcome) => void;
  /** Ends the round early; what is broken is healed first. */
  readonly signal: AbortSignal;
}

/** @throws UserError when the cluster keeps a fault from being healed */
export async function play(cluster: FaultCluster, round: Round, { able, report, signal }: Stage): Promise<void> {
  const primary = await cluster.primary();
  const ordered = [primary, ...cluster.others(primary)];
  const start = performance.now();
  const pause = async (milliseconds: number) => sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  const run = async ({ fault, server, at, lasts }: Planned) => {
    await pause(at);
    if (signal.aborted) return;
    const tell = (missed?: string) => {
      report({ what: fault.what, at: Math.round(performance.now() - start), missed });
    };
    await during(fault, async () => {
      tell();
      await pause(lasts);
    }).catch(async (error: unknown) => {
      if (!(await isNoTarget(error, server))) throw error;
      // after the whole command, and all that it printed
      tell(messageOf(error).split('; ').at(-1));
    });
  };
  const { machine, losses, others } = plan(cluster, possible(round, able), ordered);
  const servers = async () => {
    await together(losses.map(run));
    await together(others.map(run));
  };
  await together([...machine.map(run), servers()]);
}

/** All of them to their ends, also when one fails. */
async function together(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Another fault of the same round was there before: the process or the server is away already. */
async function isNoTarget(error: unknown, server: FaultServer | undefined): Promise<boolean> {
  // what was waited for in vain
  if (error instanceof UserError) return false;
  if (error instanceof NoSuchProcessError || away.test(messageOf(error))) return true;
  return server !== undefined && (await server.containerState()) !== 'running';
}

function possible(round: Round, { partitions, disks }: Abilities): Round {
  const steps = round.steps
    .filter(({ act }) => disks || act.verb !== 'fillDisk')
    .map((step): Step => {
      return partitions || step.act.verb !== 'partition' ? step : { ...step, act: { verb: 'disconnect' } };
    });
  return { ...round, steps };
}

interface Plan {
  readonly machine: readonly Planned[];
  /** Healed before the others begin. */
  readonly losses: readonly Planned[];
  readonly others: readonly Planned[];
}

function plan(cluster: FaultCluster, round: Round, ordered: readonly FaultServer[]): Plan {
  const { victims, steps, loss, saturated, all } = round;
  const victim = (index: number) => ordered[victims[index] ?? 0] as FaultServer;
  const machine = { fault: saturate(saturated), server: undefined, at: 0, lasts: saturated };
  const others: Planned[] = steps.map((step) => {
    const server = victim(step.victim);
    return { fault: faultOf(cluster, server, step.act, ordered), server, at: step.at, lasts: step.lasts };
  });
  if (all !== undefined) {
    const verbs = { kill, stop, pause, disconnect: (...servers: FaultServer[]) => disconnect(cluster, ...servers) };
    const servers = victims.map((_, index) => victim(index));
    others.push({ fault: verbs[all](...servers), server: undefined, at: 0, lasts: allBroken });
  }
  const server = victim(0);
  return {
    machine: saturated > 0 ? [machine] : [],
    losses: loss === undefined ? [] : [{ ...loss, fault: lose(cluster, server, loss.what), server }],
    others,
  };
}

function faultOf(cluster: FaultCluster, server: FaultServer, act: Act, ordered: readonly FaultServer[]): Fault {
  switch (act.verb) {
    case 'kill':
      return kill(server);
    case 'stop':
      return stop(server);
    case 'restart':
      return restart(server);
    case 'pause':
      return pause(server);
    case 'disconnect':
      return disconnect(cluster, server);
    case 'fillDisk':
      return fillDisk(cluster, server);
    case 'removeAndAdd':
      return removeAndAdd(cluster, server, ordered[act.asked] ?? server);
    case 'killProcess':
      return killProcess(server, act.process);
    case 'stopProcess':
      return stopProcess(server, act.process);
    case 'partition': {
      const peer = act.peer === undefined ? undefined : ordered[act.peer];
      return partition(cluster, server, act.direction, peer === server ? undefined : peer);
    }
  }
}
