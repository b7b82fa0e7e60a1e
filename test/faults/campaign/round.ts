/** One round: its faults at their times, each healed whatever happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../scripts/kit/errors.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import { during, type Fault } from '../fault.js';
import { kill, pause, restart, stop } from '../verbs/containers.js';
import { saturate } from '../verbs/machine.js';
import { disconnect, partition } from '../verbs/network.js';
import { killProcess, NoSuchProcessError, stopProcess } from '../verbs/processes.js';
import type { Act, Round, Step } from './schedule.js';

interface Outcome {
  readonly what: string;
  /** Milliseconds after the round's begin. */
  readonly at: number;
  /** Why nothing broke; undefined for a fault that counts. */
  readonly missed: string | undefined;
}

/** Milliseconds for which all servers are broken. */
const allBroken = 2_000;

/** How docker and kill say that what they shall act on is not there now. */
const away = /is (paused|already paused|not paused|not running|restarting)|No such process|not connected to/;

interface Planned {
  readonly fault: Fault;
  readonly server: FaultServer | undefined;
  readonly at: number;
  readonly lasts: number;
}

/**
 * @param partitions whether packets can be lost here; else a server is disconnected
 * @param report hears of each fault when it is there
 * @param signal ends the round early; what is broken is healed first
 * @returns how many faults there were
 */
export async function play(
  cluster: FaultCluster,
  round: Round,
  { partitions, report, signal }: { partitions: boolean; report: (outcome: Outcome) => void; signal: AbortSignal },
): Promise<number> {
  const primary = await cluster.primary();
  const ordered = [primary, ...cluster.others(primary)];
  const start = performance.now();
  const pause = async (milliseconds: number) => sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  let count = 0;
  const run = async ({ fault, server, at, lasts }: Planned) => {
    await pause(at);
    if (signal.aborted) return;
    const tell = (missed?: string) => {
      report({ what: fault.what, at: Math.round(performance.now() - start), missed });
      if (missed === undefined) count += 1;
    };
    await during(fault, async () => {
      tell();
      await pause(lasts);
    }).catch(async (error: unknown) => {
      if (!(await isNoTarget(error, server))) throw error;
      tell(messageOf(error));
    });
  };
  const outcomes = await Promise.allSettled(
    plan(cluster, partitions ? round : withoutPartitions(round), ordered).map(run),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return count;
}

/** Another fault of the same round was there before: the process or the server is away already. */
async function isNoTarget(error: unknown, server: FaultServer | undefined): Promise<boolean> {
  if (error instanceof NoSuchProcessError || away.test(messageOf(error))) return true;
  return server !== undefined && (await server.containerState()) !== 'running';
}

function withoutPartitions(round: Round): Round {
  const steps = round.steps.map((step): Step => {
    return step.act.verb === 'partition' ? { ...step, act: { verb: 'disconnect' } } : step;
  });
  return { ...round, steps };
}

function plan(cluster: FaultCluster, round: Round, ordered: readonly FaultServer[]): Planned[] {
  const { victims, steps, saturated, all } = round;
  const at = (position: number) => ordered[position] as FaultServer;
  const planned: Planned[] = steps.map((step) => {
    const server = at(victims[step.victim] ?? 0);
    return { fault: faultOf(cluster, server, step.act, ordered), server, at: step.at, lasts: step.lasts };
  });
  if (saturated > 0) planned.push({ fault: saturate(saturated), server: undefined, at: 0, lasts: saturated });
  if (all !== undefined) {
    const verbs = { kill, stop, pause, disconnect: (...servers: FaultServer[]) => disconnect(cluster, ...servers) };
    planned.push({ fault: verbs[all](...victims.map(at)), server: undefined, at: 0, lasts: allBroken });
  }
  return planned;
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
