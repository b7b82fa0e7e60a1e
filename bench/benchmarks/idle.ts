/** What the two pgraft workers of each server use while nobody asks for anything. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchCluster } from '../cluster.js';
import { repeat, type Benchmark, type Tools } from '../kit.js';

const nodes = 3;
/** Milliseconds over which processor time is taken. */
const interval = 60_000;

/** Run in a container: a line a worker with its name, its processor time (ns) and its share of memory (kB). */
const look = `
for process in /proc/[0-9]*; do
  title=$(tr '\\0' ' ' < $process/cmdline)
  [[ $title =~ ^postgres:.*pgraft\\ (consensus|role) ]] || continue
  read -r time _ < $process/schedstat
  memory=$(awk '$1 == "Pss:" { print $2 }' $process/smaps_rollup)
  echo "\${BASH_REMATCH[1]} $time $memory"
done`;

interface Use {
  /** Nanoseconds of processor time since the workers started. */
  readonly time: number;
  /** MB; pages that several processes share count by their part. */
  readonly memory: number;
}

export const idle: Benchmark = {
  name: 'idle',
  about: `processor and memory of the workers of ${nodes} idle servers over ${interval / 1000} s; a value a server`,
  runs: 1,
  async measure({ cluster, runs, signal }) {
    await cluster.start(nodes);
    const containers = await cluster.containers();
    const rounds = await repeat(runs, async () => round(cluster, containers, signal));
    const all = rounds.flat();
    return [
      { what: 'both workers of a server', unit: '% of a core', limit: 1, values: all.map(({ share }) => share) },
      { what: 'memory of both workers of a server', unit: 'MB', values: all.map(({ memory }) => memory) },
    ];
  },
};

async function round(cluster: BenchCluster, containers: readonly string[], signal: Tools['signal']) {
  const start = performance.now();
  const before = await Promise.all(containers.map(async (name) => useOf(cluster, name)));
  await pause(interval, undefined, { signal });
  const after = await Promise.all(containers.map(async (name) => useOf(cluster, name)));
  const took = (performance.now() - start) * 1e6;
  return after.map(({ time, memory }, index) => ({
    share: (100 * (time - (before[index]?.time ?? 0))) / took,
    memory,
  }));
}

/** @throws Error unless the container has exactly the two workers */
async function useOf(cluster: BenchCluster, container: string): Promise<Use> {
  const text = await cluster.docker('exec', container, 'bash', '-c', look);
  const workers = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const names = workers
    .map(([name]) => name)
    .sort()
    .join(' and ');
  if (names !== 'consensus and role')
    throw new Error(`${container} has the workers "${names}"; see docker logs ${container}`);
  const sum = (column: number) => workers.reduce((total, worker) => total + Number(worker[column]), 0);
  return { time: sum(1), memory: sum(2) / 1000 };
}
