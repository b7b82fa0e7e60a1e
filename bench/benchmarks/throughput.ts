/** What pgraft costs: pgbench beside synchronous replication that was set by hand, in turns. */
import { FaultCluster } from '../../test/faults/fault-cluster.js';
import { whole } from '../../test/faults/verify.js';
import { ensureImage } from '../../test/support/image.js';
import { mustRun } from '../../test/support/shell.js';
import { HandSetCluster } from '../peers/hand-set.js';
import type { Benchmark } from '../kit.js';
import { summarize } from '../statistics.js';

const deadline = 60_000;
const nodes = 3;
const scale = 10;
const clients = 8;
/** Of each turn. */
const seconds = 60;
/** As test servers have them. */
const settings = ["shared_buffers = '32MB'"];
/** Hand-set over pgraft: 0.98 of the hand-set throughput, or more. */
const limit = 1 / 0.98;

export const throughput: Benchmark = {
  name: 'throughput',
  about: `pgbench, scale ${scale}, ${clients} clients, ${seconds} s, against synchronous replication set by hand, in turns`,
  runs: 3,
  async measure({ runs, signal }) {
    const ours = await FaultCluster.form(nodes);
    let theirs: HandSetCluster | undefined;
    try {
      await whole(ours, deadline);
      const primary = await ours.primary();
      theirs = await HandSetCluster.form(ensureImage(), settings);
      const sides = [primary.container, theirs.primary] as const;
      for (const side of sides) await on(side, 'pgbench', '-i', '-q', '-s', String(scale), 'postgres');
      const [pgraft, handSet]: [number[], number[]] = [[], []];
      for (let run = 0; run < runs; run += 1) {
        signal.throwIfAborted();
        pgraft.push(await transactions(sides[0]));
        handSet.push(await transactions(sides[1]));
      }
      const ratio = summarize(handSet).median / summarize(pgraft).median;
      return [
        { what: 'with pgraft', unit: 'tps', values: pgraft },
        { what: 'set by hand', unit: 'tps', values: handSet },
        {
          what: 'set by hand over pgraft, of the medians',
          unit: '×',
          limit: Number(limit.toFixed(4)),
          values: [ratio],
        },
      ];
    } finally {
      theirs?.remove();
      ours.remove();
    }
  },
};

/** A second, after a checkpoint, so that no turn pays for the one before. */
async function transactions(container: string): Promise<number> {
  await on(container, 'psql', '-qc', 'CHECKPOINT');
  const options = ['-n', '-c', String(clients), '-j', '2', '-T', String(seconds)];
  const output = await on(container, 'pgbench', ...options, 'postgres');
  const tps = /tps = ([\d.]+)/.exec(output)?.[1];
  if (tps === undefined) throw new Error(`pgbench gave no tps:\n${output}`);
  return Number(tps);
}

async function on(container: string, ...command: string[]): Promise<string> {
  return (await mustRun('docker', ['exec', container, ...command], { deadline: deadline + 2 * seconds * 1_000 }))
    .stdout;
}
