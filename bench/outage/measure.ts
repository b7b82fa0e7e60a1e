/** How long nobody can write after a fault: the longest time without an acknowledgement among all clients around it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.js';
import { isAcknowledged, longestGap, type Acknowledged } from '../../test/support/write-record.js';
import type { Series } from '../kit.js';
import { rejoinLimit, type Case } from './cases.js';
import type { Site } from './site.js';

/** Writes before each fault, so that every client is at work. */
const warm = 40;

interface Measured {
  /** Seconds without an acknowledgement. */
  readonly gap: number;
  /** Seconds from when the deposed server is alive again until every server streams. */
  readonly rejoin: number;
}

/** @param limited whether the figures are held against their limits */
export async function measureCase(
  site: Site,
  one: Case,
  { runs, signal, limited }: { runs: number; signal: AbortSignal; limited: boolean },
): Promise<Series[]> {
  const measured: Measured[] = [];
  for (let run = 0; run < runs; run += 1) {
    signal.throwIfAborted();
    measured.push(await measureOnce(site, one));
  }
  const what = [site.label, one.what].filter((word) => word !== undefined).join(': ');
  const gaps: Series = {
    ...{ what, unit: 's', values: measured.map(({ gap }) => gap) },
    ...(limited ? { limit: one.limit } : {}),
  };
  if (one.harmless === true) return [gaps];
  const rejoins: Series = {
    ...{ what: `${what}: alive again to streaming`, unit: 's', values: measured.map(({ rejoin }) => rejoin) },
    ...(limited ? { limit: rejoinLimit } : {}),
  };
  return [gaps, rejoins];
}

async function measureOnce(site: Site, one: Case): Promise<Measured> {
  await site.whole();
  await everyClientWrites(site);
  const primary = await site.primary();
  const end = await one.before?.(site, primary);
  try {
    return await around(site, one, one.fault(site, primary));
  } finally {
    end?.();
  }
}

async function around(site: Site, one: Case, fault: ReturnType<Case['fault']>): Promise<Measured> {
  const { load } = site;
  const last = newest(site);
  const since = performance.now();
  const atLeast = sleep(one.lasts ?? 0);
  try {
    await fault.inject();
    if (one.harmless !== true) await servesAgain(site, last);
    await atLeast;
  } finally {
    await fault.heal();
  }
  const alive = one.healsItself === true ? since : performance.now();
  await site.streaming();
  const end = performance.now();
  return { gap: longestGap(load.acknowledgedWrites(), since, end) / 1_000, rejoin: (end - alive) / 1_000 };
}

export async function everyClientWrites({ load, deadline }: Site): Promise<void> {
  const before = load.acknowledged;
  const look = () => load.acknowledged - before;
  await eventually('all clients to write', look, (count) => count >= warm, deadline);
}

/** A write under a newer promotion, or on the same server started anew, where that is how its outage ends. */
async function servesAgain(site: Site, last: Acknowledged | undefined): Promise<void> {
  const isAnother = (write: Acknowledged | undefined) =>
    (write?.promotion ?? 0) > (last?.promotion ?? 0) ||
    (write?.promotion === last?.promotion && write?.started !== last?.started);
  await eventually('a write on another primary', () => newest(site), isAnother, site.deadline);
}

function newest({ load }: Site): Acknowledged | undefined {
  return load.writes.findLast(isAcknowledged);
}
