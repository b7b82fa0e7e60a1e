/** What a deploy does to a cluster, to be held against what `npm run plan` said of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withLive } from '../../scripts/live/open.js';
import { readCluster } from '../../scripts/live/read.js';
import { statusJson } from '../../scripts/live/status-page.js';
import type { Review } from '../../scripts/review/review.js';
import type { ClusterProject } from './cluster-project.js';
import type { ContainerEvent, Happened, Moment } from './plan-truth.js';
import { dockerLines, type Ended } from './shell.js';

const containerFormat = '{{.Name}}|{{.Id}}|{{.State.StartedAt}}|{{.State.Running}}';

async function moment(project: ClusterProject): Promise<Moment> {
  const filter = ['--filter', `label=pgraft.cluster=${project.prefix}`];
  const [names, volumeNames, view] = await Promise.all([
    dockerLines('ps', '--all', ...filter, '--format', '{{.Names}}'),
    dockerLines('volume', 'ls', ...filter, '--format', '{{.Name}}'),
    withLive({ prefix: project.prefix, dockerProvider: 'embedded' }, readCluster),
  ]);
  const [containers, volumes] = await Promise.all([
    inspect(['container', 'inspect', '--format', containerFormat], names),
    inspect(['volume', 'inspect', '--format', '{{.Name}}|{{.CreatedAt}}'], volumeNames),
  ]);
  if (names.length === 0 || view === undefined) {
    const nothing = { containers: new Map<string, never>(), primary: undefined, promotion: undefined, voters: 0 };
    return { ...nothing, volumes: new Map(volumes.map(([name = '', madeAt = '']) => [name, madeAt])) };
  }
  const status = JSON.parse(statusJson(view)) as {
    primary: number | null;
    promotion: { term: number } | null;
    quorum: { voters: number };
    nodes: readonly { id: number; container: string }[];
  };
  return {
    containers: new Map(
      containers.map(([name = '', id = '', since = '', running]) => [
        name.slice(1),
        { id, runningSince: running === 'true' ? since : undefined },
      ]),
    ),
    volumes: new Map(volumes.map(([name = '', madeAt = '']) => [name, madeAt])),
    primary: status.nodes.find(({ id }) => id === status.primary)?.container,
    promotion: status.promotion?.term,
    voters: status.quorum.voters,
  };
}

async function inspect(command: readonly string[], names: readonly string[]): Promise<string[][]> {
  return names.length === 0 ? [] : (await dockerLines(...command, ...names)).map((line) => line.split('|'));
}

/** The containers of the cluster that end and start while `work` is done. */
async function containerEvents<T>({ prefix }: ClusterProject, work: () => Promise<T>): Promise<[T, ContainerEvent[]]> {
  const filters = [`label=pgraft.cluster=${prefix}`, 'type=container', 'event=die', 'event=start'];
  const since = (Date.now() / 1000).toFixed(3);
  const format = '{{.Action}} {{.Actor.Attributes.name}}';
  const filtered = filters.flatMap((filter) => ['--filter', filter]);
  const child = spawn('docker', ['events', '--since', since, ...filtered, '--format', format]);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => (text += data));
  try {
    await once(child, 'spawn');
    const result = await work();
    const events = text.split('\n').filter((line) => line !== '');
    return [result, events.map((line) => ({ action: line.split(' ')[0] ?? '', container: line.split(' ')[1] ?? '' }))];
  } finally {
    child.kill();
  }
}

/** A plan, and what came of it. */
export interface Applied {
  readonly review: Review;
  /** Exit status of `npm run plan`. */
  readonly status: number;
  readonly deploy: Ended;
  readonly happened: Happened;
}

export interface Watching {
  /** Milliseconds without an acknowledged write since then, at most. @default - nobody writes */
  readonly gapSince?: (begun: number) => Promise<number>;
}

/** Plan the settings as they are, then deploy them, which must succeed, and see what happens. */
export async function planAndDeploy(
  project: ClusterProject,
  deploy: () => Promise<Ended>,
  { gapSince }: Watching = {},
): Promise<Applied> {
  const before = await moment(project);
  const plan = await project.npm('plan', '--json');
  if (plan.status === 1) throw new Error(`npm run plan failed:\n${plan.output}`);
  const begun = performance.now();
  const [ended, events] = await containerEvents(project, deploy);
  if (ended.status !== 0) throw new Error(`the deploy ended with status ${ended.status}:\n${ended.output}`);
  const gap = await gapSince?.(begun);
  const happened = { before, after: await moment(project), events, gap };
  return { review: JSON.parse(plan.stdout) as Review, status: plan.status, deploy: ended, happened };
}
