/** What the two pgraft workers of each server use while nobody asks for anything, and whether a server grows meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchCluster } from '../cluster.js';
import { repeat, type Benchmark, type Series, type Tools } from '../kit.js';

const nodes = 3;
const minute = 60_000;
/** Minutes over which it is looked, unless told otherwise. */
const usual = 1;
/** Minutes after the start that are not looked at: caches fill. A tenth of a shorter look. */
const settling = 5;

/**
 * Run in a container: a line a process with its worker's name or "other", its processor time (ns), its share of memory (kB), its descriptors.
 *
 * Without pages of files: the machine's other servers share those, so that their part of them here grows when others end.
 */
const look = `
for process in /proc/[0-9]*; do
  title=$(tr '\\0' ' ' < $process/cmdline) 2>/dev/null || continue
  [[ $title =~ ^(postgres:|[^ ]*/postgres) ]] || continue
  name=other
  [[ $title =~ ^postgres:.*pgraft\\ (consensus|role) ]] && name=\${BASH_REMATCH[1]}
  read -r time _ < $process/schedstat
  memory=$(awk '/^Pss_(Anon|Shmem):/ { sum += $2 } END { print sum }' $process/smaps_rollup)
  descriptors=($process/fd/*)
  echo "$name $time $memory \${#descriptors[@]}"
done`;

interface Use {
  /** Nanoseconds of processor time since the workers started. */
  readonly time: number;
  /** MB of both workers, and of all processes of PostgreSQL; pages that several processes share count by their part, pages of files not at all. */
  readonly workers: number;
  readonly memory: number;
  /** Open ones of all processes. */
  readonly descriptors: number;
  /** MB that the server has logged. */
  readonly log: number;
}

/** What a server may have more at the end than at the beginning, in an hour or less. */
const bounds = { workers: 0.5, memory: 4, descriptors: 2, log: 0.016 };

export const idle: Benchmark = {
  name: 'idle',
  about: `processor and memory of the workers of ${nodes} idle servers, and what grows; a value a server`,
  runs: 1,
  heeds: ['minutes'],
  async measure({ cluster, runs, minutes = usual, signal }) {
    await cluster.start(nodes);
    const containers = await cluster.containers();
    await pause(Math.min(settling, minutes / 10) * minute, undefined, { signal });
    const all = (await repeat(runs, async () => round(cluster, containers, minutes * minute, signal))).flat();
    const use = (what: string, rest: Pick<Series, 'unit' | 'limit'>, of: (each: Round) => number): Series => ({
      ...{ what, ...rest, values: all.map(of) },
    });
    const growth = (what: string, of: keyof typeof bounds, unit: Series['unit'] = 'MB'): Series =>
      use(
        `${what}: growth in ${minutes} min`,
        { unit, limit: bounds[of] },
        ({ before, after }) => after[of] - before[of],
      );
    return [
      use('both workers of a server', { unit: '% of a core', limit: 1 }, ({ share }) => share),
      use('memory of both workers of a server', { unit: 'MB' }, ({ after }) => after.workers),
      growth('memory of both workers of a server', 'workers'),
      growth('memory of a server', 'memory'),
      growth('descriptors of a server', 'descriptors', 'count'),
      growth('log of a server', 'log'),
    ];
  },
};

interface Round {
  /** Of one processor core, over the whole time, in per cent. */
  readonly share: number;
  readonly before: Use;
  readonly after: Use;
}

async function round(
  cluster: BenchCluster,
  containers: readonly string[],
  time: number,
  signal: Tools['signal'],
): Promise<Round[]> {
  const lookAtAll = async () => Promise.all(containers.map(async (name) => useOf(cluster, name)));
  const start = performance.now();
  const begun = await lookAtAll();
  await pause(time, undefined, { signal });
  const ended = await lookAtAll();
  const took = (performance.now() - start) * 1e6;
  return begun.flatMap((before, index) => {
    const after = ended[index];
    return after === undefined ? [] : [{ share: (100 * (after.time - before.time)) / took, before, after }];
  });
}

/** @throws Error unless the container has exactly the two workers */
async function useOf(cluster: BenchCluster, container: string): Promise<Use> {
  const text = await cluster.docker('exec', container, 'bash', '-c', look);
  const processes = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const workers = processes.filter(([name]) => name !== 'other');
  const names = workers
    .map(([name]) => name)
    .sort()
    .join(' and ');
  if (names !== 'consensus and role')
    throw new Error(`${container} has the workers "${names}"; see docker logs ${container}`);
  const sum = (rows: readonly string[][], column: number) =>
    rows.reduce((total, row) => total + Number(row[column]), 0);
  return {
    time: sum(workers, 1),
    workers: sum(workers, 2) / 1000,
    memory: sum(processes, 2) / 1000,
    descriptors: sum(processes, 3),
    log: (await cluster.logBytes(container)) / 1e6,
  };
}
