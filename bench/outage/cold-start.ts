/** All servers are killed at once and started again: from the last start to the first acknowledged write. */
import { dockerLines } from '../../test/support/shell.js';
import { eventually } from '../../test/support/eventually.js';
import { kill } from '../../test/faults/verbs/containers.js';
import { repeat, type Series } from '../kit.js';
import { everyClientWrites } from './measure.js';
import type { Site } from './site.js';

export const coldStart = { name: 'all', what: 'all servers killed and started: last start to first write' } as const;

export async function measureColdStarts(site: Site, runs: number, signal: AbortSignal): Promise<Series> {
  const values = await repeat(runs, async () => {
    signal.throwIfAborted();
    return measureOnce(site);
  });
  return { what: coldStart.what, unit: 's', limit: 3, values };
}

async function measureOnce(site: Site): Promise<number> {
  await site.whole();
  await everyClientWrites(site);
  const fault = kill(...site.servers);
  try {
    await fault.inject();
  } finally {
    await fault.heal();
  }
  const started = await lastStart(site);
  const firstAfter = () => site.load.acknowledgedWrites().find((write) => write.acknowledged > started)?.acknowledged;
  const first = await eventually('a write', firstAfter, (at) => at !== undefined, site.deadline);
  return ((first ?? Infinity) - started) / 1_000;
}

/** When the engine says that the last container was started, on the clock of the writes. */
async function lastStart({ servers }: Site): Promise<number> {
  const containers = servers.map(({ container }) => container);
  const starts = await dockerLines('inspect', '--format', '{{.State.StartedAt}}', ...containers);
  return Math.max(...starts.map((start) => Date.parse(start))) - performance.timeOrigin;
}
