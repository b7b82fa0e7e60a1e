/** Where the time of a failover goes: event by event, by the servers' own clocks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { application, FaultCluster, type FaultServer } from '../../test/faults/fault-cluster.js';
import { kill } from '../../test/faults/verbs/containers.js';
import { whole } from '../../test/faults/verify.js';
import { eventually } from '../../test/support/eventually.js';
import { dockerLines } from '../../test/support/shell.js';
import { WriteLoad } from '../../test/support/write-load.js';
import { isAcknowledged, type Acknowledged } from '../../test/support/write-record.js';
import { repeat, type Benchmark } from '../kit.js';
import { readFailover, series, typical, type Failover, type Marks, type Survivor } from '../timeline/failover.js';
import { readLog } from '../timeline/log-lines.js';
import { page } from '../timeline/page.js';
import { picture } from '../timeline/picture.js';

const nodes = 3;
const clients = 4;
const patience = { connect: 1_000, statement: 1_000 };
const deadline = 60_000;
/** Writes before each failover, so that every client is at work. */
const warm = 40;
const defaultPicture = '.pgraft/failover-timeline.svg';

export const timeline: Benchmark = {
  name: 'timeline',
  about: `docker kill of the primary, event by event from the servers' own clocks, ${nodes} servers, ${clients} clients`,
  runs: 5,
  heeds: ['svg'],
  async measure({ runs, signal, svg = defaultPicture, say }) {
    const failovers = await repeatedly(runs, signal);
    const shown = typical(failovers);
    mkdirSync(dirname(svg), { recursive: true });
    writeFileSync(svg, picture(shown));
    say(`${page(shown, runs)}\n\nThe same as a picture: ${svg}\n`);
    return series(shown, failovers).map(({ what, values }) => ({ what, unit: 'ms', values }));
  },
};

async function repeatedly(runs: number, signal: AbortSignal): Promise<Failover[]> {
  const cluster = await FaultCluster.form(nodes);
  try {
    await whole(cluster, deadline);
    const { endpoints } = cluster;
    const load = await WriteLoad.begin({ endpoints, login: application, clients, patience });
    try {
      return await repeat(runs, async () => {
        signal.throwIfAborted();
        return failover(cluster, load);
      });
    } finally {
      await load.end();
    }
  } finally {
    cluster.remove();
  }
}

async function failover(cluster: FaultCluster, load: WriteLoad): Promise<Failover> {
  await whole(cluster, deadline);
  await acknowledges(load, load.acknowledged + warm);
  const primary = await cluster.primary();
  const { current_term: term } = await primary.status();
  const fault = kill(primary);
  const called = performance.now();
  try {
    await fault.inject();
    const newer = await firstElsewhere(load, primary, called);
    const marks: Marks = {
      called: wall(called),
      killed: await killedAt(primary, wall(called)),
      lastAcknowledged: wall(lastBy(load, primary)),
      firstAcknowledged: wall(newer.acknowledged),
    };
    return readFailover(await Promise.all(cluster.others(primary).map(survivor)), marks, term);
  } finally {
    await fault.heal();
  }
}

async function survivor(server: FaultServer): Promise<Survivor> {
  return { name: server.name, node: server.id, lines: readLog(await server.log()) };
}

async function acknowledges(load: WriteLoad, writes: number): Promise<void> {
  const look = () => load.acknowledged;
  await eventually('all clients to write', look, (count) => count >= writes, deadline);
}

/*
 * The server that took a write tells which side of the failover it is on. Its promotion does not: a row that waits for the end of a promotion at the
 * new primary's gate was made under the one before.
 */

/** The first write after `since` that another server than `killed` acknowledged. */
async function firstElsewhere(load: WriteLoad, killed: FaultServer, since: number): Promise<Acknowledged> {
  const elsewhere = () =>
    load.acknowledgedWrites().filter(({ server, acknowledged }) => server !== killed.id && acknowledged > since);
  const seen = await eventually('a write on a new primary', elsewhere, (found) => found.length > 0, deadline);
  return seen.reduce((first, write) => (write.acknowledged < first.acknowledged ? write : first));
}

function lastBy(load: WriteLoad, { id }: FaultServer): number {
  const times = load.writes.filter(isAcknowledged).flatMap((write) => (write.server === id ? write.acknowledged : []));
  return times.reduce((latest, time) => Math.max(latest, time), -Infinity);
}

/** The clock of this process as the servers' clock has it: they share the machine's. */
function wall(milliseconds: number): number {
  return Date.now() - performance.now() + milliseconds;
}

/** Docker's own time of the newest `kill` of that container since `since`. */
async function killedAt({ container }: FaultServer, since: number): Promise<number | undefined> {
  const between = ['--since', (since / 1_000).toFixed(3), '--until', (Date.now() / 1_000).toFixed(3)];
  const filter = ['--filter', `container=${container}`, '--filter', 'event=kill', '--format', '{{.TimeNano}}'];
  const nanoseconds = (await dockerLines('events', ...between, ...filter)).at(-1);
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1_000_000;
}
