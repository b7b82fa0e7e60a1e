/** Faults at random for some minutes, under load, with a look at every acknowledged row after each round. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, UserError } from '../../../scripts/kit/errors.js';
import { ensureImage } from '../../support/image.js';
import { WriteLoad } from '../../support/write-load.js';
import { application, FaultCluster, type FaultServer } from '../fault-cluster.js';
import { whyNoDisks } from '../disks.js';
import { canPartition } from '../verbs/network.js';
import { verify, whole, type Verdict } from '../verify.js';
import { play, type Abilities, type Outcome } from './round.js';
import { blockLength, describeRound, roundOf, type Round } from './schedule.js';

export interface CampaignOptions {
  readonly seed: number;
  /** The first round, counted from 1. */
  readonly first: number;
  /** Whether to begin round `number`. */
  readonly goesOn: (number: number) => boolean;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

export interface Totals {
  rounds: number;
  faults: number;
  acknowledged: number;
  lost: number;
  stale: number;
  stuck: number;
}

const formDeadline = 90_000;
const recoveryDeadline = 60_000;
/** Milliseconds between two rows of a client: the machine shall be busy, not saturated. */
const pace = 5;
/** Megabytes of each server's disk: for its data twice, as a clone needs it, and for all WAL that a primary keeps. */
const disk = 4_096;

interface Stage {
  readonly cluster: FaultCluster;
  readonly load: WriteLoad;
  readonly able: Abilities;
}

export async function campaign(options: CampaignOptions): Promise<Totals> {
  const { seed, first, goesOn, signal, tell } = options;
  const withoutDisks = whyNoDisks(ensureImage());
  if (withoutDisks !== undefined)
    tell(`no disk is filled, since this machine makes none for a server: ${withoutDisks}`);
  const totals: Totals = { rounds: 0, faults: 0, acknowledged: 0, lost: 0, stale: 0, stuck: 0 };
  let stage: Stage | undefined;
  const leave = async () => {
    if (stage === undefined) return;
    totals.acknowledged += stage.load.acknowledged;
    const { cluster, load } = stage;
    stage = undefined;
    await load.end().finally(() => {
      cluster.remove();
    });
  };
  try {
    for (let number = first; goesOn(number) && !signal.aborted; number += 1) {
      const round = roundOf(seed, number);
      if ((number - 1) % blockLength === 0) await leave();
      stage ??= await open(round.nodes, withoutDisks === undefined, tell);
      tell(describeRound(round));
      const clean = await playAndVerify(stage, round, totals, options);
      totals.rounds += 1;
      // what is broken for good would fail every round to come
      if (!clean) await leave();
    }
  } finally {
    await leave();
  }
  return totals;
}

async function open(nodes: number, disks: boolean, tell: (line: string) => void): Promise<Stage> {
  const cluster = await FaultCluster.form(nodes, { disk: disks ? disk : undefined });
  try {
    const took = await whole(cluster, formDeadline);
    tell(`a cluster of ${nodes} servers is whole, ${took} ms after its bootstrap: ${cluster.names.join(' ')}`);
    const { endpoints } = cluster;
    const load = await WriteLoad.begin({ endpoints, login: application, loyal: true, pace });
    const partitions = await canPartition(cluster.servers[0] as FaultServer);
    if (!partitions) tell('this machine cannot lose packets of a container: servers are disconnected instead');
    return { cluster, load, able: { partitions, disks } };
  } catch (error) {
    cluster.remove();
    throw error;
  }
}

/** @returns whether the cluster is whole and nothing is lost */
async function playAndVerify(
  { cluster, load, able }: Stage,
  round: Round,
  totals: Totals,
  { seed, signal, tell }: CampaignOptions,
): Promise<boolean> {
  const before = load.acknowledged;
  const report = ({ what, at, missed }: Outcome) => {
    tell(`  ${String(at).padStart(5)} ms  ${what}${missed === undefined ? '' : `: came too late (${missed})`}`);
    if (missed === undefined) totals.faults += 1;
  };
  let verdict: Verdict;
  try {
    const unhealed = await play(cluster, round, { able, signal, report }).catch(waitedInVain);
    if (signal.aborted) return true;
    verdict = await verify(cluster, load, recoveryDeadline);
    verdict = { ...verdict, stuck: unhealed ?? verdict.stuck };
  } catch (error) {
    await keepEvidence(cluster, load, round, seed, messageOf(error), tell);
    throw error;
  }
  const { lost, stale, stuck, took } = verdict;
  totals.lost += lost.length;
  totals.stale += stale.length;
  totals.stuck += stuck === undefined ? 0 : 1;
  if (lost.length === 0 && stale.length === 0 && stuck === undefined) {
    tell(
      `  whole after ${took} ms; ${load.acknowledged - before} rows acknowledged, none of ${load.acknowledged} lost`,
    );
    return true;
  }
  const findings = [
    ...(stuck === undefined ? [] : [`stuck: ${stuck}`]),
    ...lost.map((sentence) => `lost: ${sentence}`),
    ...stale.map(({ write, newer }) => `stale: ${JSON.stringify({ write, newer })}`),
  ];
  for (const line of findings.slice(0, 10)) tell(`  ${line}`);
  await keepEvidence(cluster, load, round, seed, findings.join('\n'), tell);
  return false;
}

/** What the cluster keeps from being made whole is a finding, everything else a defect of this test. */
function waitedInVain(error: unknown): string {
  if (error instanceof UserError) return error.message;
  throw error;
}

/** Everything that may explain a failure, in a directory that is named. */
async function keepEvidence(
  cluster: FaultCluster,
  load: WriteLoad,
  round: Round,
  seed: number,
  findings: string,
  tell: (line: string) => void,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `pgraft-faults-seed-${seed}-round-${round.number}-`));
  const keep = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
  };
  keep('findings.txt', `seed ${seed}\n${describeRound(round)}\n${findings}\n`);
  keep('round.json', JSON.stringify(round, undefined, 2));
  keep('writes.json', `[\n${load.writes.map((write) => JSON.stringify(write)).join(',\n')}\n]\n`);
  keep('statuses.json', JSON.stringify(await cluster.statuses(), undefined, 2));
  await cluster.saveLogs(directory);
  tell(`  seed ${seed}, round ${round.number}; logs of all servers and all writes: ${directory}`);
  tell(`  again: npm run test:faults -- --seed ${seed} --round ${round.number}`);
}
