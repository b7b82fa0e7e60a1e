/** What becomes of a cluster of three that is written to, and what its users see, when a disk is full or cannot be written any more. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusPage } from '../../../scripts/live/status-page.js';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/shell.js';
import { WriteLoad } from '../../support/write-load.js';
import { longestGap } from '../../support/write-record.js';
import { application, FaultCluster, type Disks, type FaultServer } from '../fault-cluster.js';
import { saveLogsOfFailed } from '../saved-logs.js';
import { during, type Fault } from '../fault.js';
import { openScripts, type Scripts } from '../scripts-on.js';
import { failFileSystem, fillDisk, fillRaftDisk, mountReadOnly } from '../verbs/disk.js';
import { verify, whole } from '../verify.js';

const megabyte = 1024 * 1024;
const pace = 5;
const deadline = 60_000;
/** Rows that are acknowledged while the fault is seen: long enough for a server that starts again and again to be caught. */
const meanwhile = 800;
/** Milliseconds without an acknowledged row, a failover among them. */
const longestPause = 15_000;
/** Bytes that a server logs about what happens, and more for each second that it lasts. */
const logOnce = 10_000;
const volume = '/var/lib/postgresql';

/** What a server may log in a second: PostgreSQL tries five times a second to stream, and says three lines each time. */
const eager = 4_000;
const patient = 1_000;

interface Row {
  readonly fault: string;
  readonly on: 'primary' | 'standby';
  readonly breaks: (cluster: FaultCluster, server: FaultServer) => Fault;
  /** What `npm run status` says of the server: the cause, and what to do; one of them. */
  readonly says: readonly string[];
  readonly logs: number;
}

const lacksRoom = 'the file system of pg_wal is nearly full: make room there, it stops streaming without';
const cannotCopy = 'No space left on device: make room on its disk); it is tried again';
const copiesAgain = 'No space left on device: make room on its disk), primary of term';
const isFull = `${volume}/pgraft cannot be written (No space left on device): make room on its disk`;
const isReadOnly = `${volume}/pgraft cannot be written (Read-only file system): see the kernel's log for the reason`;

const fills = (left: number) => (cluster: FaultCluster, server: FaultServer) => fillDisk(cluster, server, left);
const mountsReadOnly = (_: FaultCluster, server: FaultServer) => mountReadOnly(server);
const fails = (_: FaultCluster, server: FaultServer) => failFileSystem(server);
const fillsRaft = (_: FaultCluster, server: FaultServer) => fillRaftDisk(server);

const onOneDisk: readonly Row[] = [
  // PostgreSQL ends when it has to write before it has stopped streaming, or handed over; what it lacks then may be gone elsewhere
  {
    fault: 'a full volume',
    on: 'standby',
    breaks: fills(0),
    says: [lacksRoom, isFull, cannotCopy, copiesAgain],
    logs: eager,
  },
  { fault: 'a full volume', on: 'primary', breaks: fills(0), says: [lacksRoom, isFull], logs: eager },
  {
    fault: 'no room for another segment of WAL',
    on: 'standby',
    breaks: fills(2 * megabyte),
    says: [lacksRoom],
    logs: patient,
  },
  { fault: 'a volume mounted read-only', on: 'standby', breaks: mountsReadOnly, says: [isReadOnly], logs: patient },
  { fault: 'a volume mounted read-only', on: 'primary', breaks: mountsReadOnly, says: [isReadOnly], logs: patient },
  { fault: 'a file system with an error', on: 'standby', breaks: fails, says: [isReadOnly], logs: patient },
  { fault: 'a file system with an error', on: 'primary', breaks: fails, says: [isReadOnly], logs: patient },
];
const onTwoDisks: readonly Row[] = [
  { fault: 'a full Raft directory', on: 'standby', breaks: fillsRaft, says: [isFull], logs: patient },
  { fault: 'a full Raft directory', on: 'primary', breaks: fillsRaft, says: [isFull], logs: patient },
  { fault: 'a full data volume', on: 'standby', breaks: fills(0), says: [lacksRoom], logs: eager },
  { fault: 'a full data volume', on: 'primary', breaks: fills(0), says: [lacksRoom], logs: eager },
];

/** Megabytes; files with holes, so that this machine needs what is written. */
const layouts: readonly [string, Disks, readonly Row[]][] = [
  ['one disk a server', { disk: 3_072 }, onOneDisk],
  ["data and Raft's directory on disks of their own", { disk: 3_072, raftDisk: 48 }, onTwoDisks],
];

describe.each(layouts)('%s:', (_, disks, rows) => {
  let cluster: FaultCluster;
  let scripts: Scripts;
  let load: WriteLoad;

  beforeAll(async () => {
    cluster = await FaultCluster.form(3, disks);
    scripts = openScripts(cluster);
    await whole(cluster, deadline);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, loyal: true, pace });
  });
  saveLogsOfFailed('disk', () => cluster);
  afterAll(async () => {
    await load.end();
    scripts.close();
    cluster.remove();
  });

  const page = async () => statusPage(await scripts.view());
  const statusSays = async (what: string, texts: readonly string[]) => {
    const says = (line: string) => line.includes(what) && texts.some((text) => line.includes(text));
    await eventually(
      `status to say of ${what}: ${texts.join(', or ')}`,
      page,
      (seen) => seen.split('\n').some(says),
      deadline,
    );
  };
  const writesGoOn = async () => {
    const before = load.acknowledged;
    const enough = (count: number) => count >= before + meanwhile;
    await eventually(`${meanwhile} acknowledged rows`, () => load.acknowledged, enough, deadline);
  };
  const startOf = async ({ container }: FaultServer) =>
    docker('inspect', '--format', '{{.RestartCount}} {{.State.StartedAt}}', container);

  it.each(rows)(
    '$fault, on the $on: told by status, and mended by itself',
    async ({ fault, on, breaks, says, logs }) => {
      await statusSays('Cluster', ['is healthy']);
      const primary = await cluster.primary();
      const server = on === 'primary' ? primary : cluster.others(primary)[0];
      if (server === undefined) throw new Error('there are two standbys');
      const [started, logged] = [await startOf(server), (await server.log()).length];
      const begun = performance.now();
      await during(breaks(cluster, server), async () => {
        await statusSays(`- ${server.container}: `, says);
        await writesGoOn();
        const seconds = (performance.now() - begun) / 1_000;
        const log = (await server.log()).slice(logged);
        expect(await startOf(server), 'its container was not started again').toBe(started);
        expect(log.split('starting PostgreSQL').length - 1, 'starts of PostgreSQL').toBeLessThanOrEqual(2);
        expect(log.length, `bytes logged in ${seconds} s`).toBeLessThan(logOnce + seconds * logs);
        console.info(`${fault} on the ${on}, for ${seconds.toFixed(1)} s: ${log.length} bytes were logged`);
      });
      const { lost, stale, stuck, took } = await verify(cluster, load, deadline);
      expect({ lost, stale, stuck }).toEqual({ lost: [], stale: [], stuck: undefined });
      await statusSays('Cluster', ['is healthy']);
      const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
      expect(gap, 'milliseconds without an acknowledged row').toBeLessThan(longestPause);
      console.info(`whole ${took} ms after it was healed; ${Math.round(gap)} ms without an acknowledged row, at most`);
    },
  );
});
