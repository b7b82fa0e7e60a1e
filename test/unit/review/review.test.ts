import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changesOf } from '../../../scripts/review/changes.js';
import { errorMarkdown, reviewMarkdown } from '../../../scripts/review/markdown.js';
import { exitStatusOf, review, type Level, type Review } from '../../../scripts/review/review.js';
import type { ReviewInput, Situation } from '../../../scripts/review/situation.js';
import { readPlan } from '../../../scripts/review/terraform-plan.js';
import type { ClusterView } from '../../../scripts/live/view.js';
import { container, healthyView, withNode } from '../scripts/fakes.js';
import { deployed, plansOf, type Drift, type World } from './worlds.js';

interface Case {
  readonly title: string;
  readonly before?: World | undefined;
  readonly after?: World;
  readonly drift?: Drift;
  readonly situation?: Situation;
  readonly more?: Partial<ReviewInput>;
  readonly level: Level;
  readonly status: number;
}

const live = (view: ClusterView): Situation => ({ kind: 'live', view });
const absent: Situation = { kind: 'absent' };
const unreachable: Situation = {
  kind: 'unknown',
  problem: 'docker container: Cannot connect to the Docker daemon; start Docker',
  withoutDocker: true,
};

function judged({
  before = deployed,
  after = deployed,
  drift,
  situation,
  more = {},
}: Omit<Case, 'title' | 'level' | 'status'>): Review {
  const plans = plansOf(before, after, drift);
  return review({
    prefix: after.prefix,
    shrinkBelowMajority: false,
    firstUnfinished: false,
    changes: changesOf(after.prefix, readPlan(plans.image), readPlan(plans.cluster)),
    situation: situation ?? live(healthyView(before.nodes)),
    others: [],
    obstacles: [],
    remarks: [],
    ...more,
  });
}

/** As judged, for what was never deployed. */
function judgedFirst(after: World, situation: Situation, more: Partial<ReviewInput> = {}): Review {
  const plans = plansOf(undefined, after);
  const changes = changesOf(after.prefix, readPlan(plans.image), readPlan(plans.cluster));
  return review({
    prefix: after.prefix,
    shrinkBelowMajority: false,
    firstUnfinished: false,
    changes,
    situation,
    others: [],
    obstacles: [],
    remarks: [],
    ...more,
  });
}

function stopped(count: number): ClusterView {
  const nodes = healthyView(count).nodes.map((node) => ({
    ...node,
    docker: { ...node.docker, status: 'exited', health: undefined },
    postgres: { accepting: false, problem: 'the container is exited' } as const,
    raft: { available: false, problem: 'the container is exited' } as const,
  }));
  return { ...healthyView(count), nodes, members: [] };
}

/** `view` without the container of node `id`. */
function without(view: ClusterView, id: number): ClusterView {
  return withNode(view, id, {
    docker: { status: 'missing', health: undefined, since: undefined, onNetwork: false },
    postgres: { accepting: false, problem: 'the container is missing' },
    raft: { available: false, problem: 'the container is missing' },
  });
}

const five = { ...deployed, nodes: 5 };
const old = {
  prefix: 'pgraft',
  servers: ['pgraft-primary', 'pgraft-replica1', 'pgraft-replica2'],
  volumes: ['pgraft-primary-data', 'pgraft-replica1-data', 'pgraft-replica2-data'],
};
const named = (name: string) => container(2, { container: name }).container;

const cases: readonly Case[] = [
  {
    title: 'grow from 1 to 2',
    before: { ...deployed, nodes: 1 },
    after: { ...deployed, nodes: 2 },
    level: 'careful',
    status: 2,
  },
  {
    title: 'shrink from 2 to 1, away from the leader',
    before: { ...deployed, nodes: 2 },
    after: { ...deployed, nodes: 1 },
    situation: live(ledBy(2, 2)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'shrink by a server that is down',
    before: { ...deployed, nodes: 4 },
    after: deployed,
    situation: live(without(healthyView(4), 4)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'roll of one server while another is down',
    before: deployed,
    after: deployed,
    drift: { tainted: ['docker_container.replica1'] },
    situation: live(without(healthyView(3), 3)),
    level: 'careful',
    status: 2,
  },

  { title: 'no change', level: 'none', status: 0 },
  { title: 'grow from 3 to 5', after: five, level: 'safe', status: 2 },
  { title: 'grow from 1 to 3', before: { ...deployed, nodes: 1 }, after: deployed, level: 'safe', status: 2 },
  { title: 'shrink from 5 to 3', before: five, after: deployed, level: 'careful', status: 2 },
  { title: 'shrink to 1', after: { ...deployed, nodes: 1 }, level: 'dangerous', status: 3 },
  {
    title: 'shrink to 1, allowed',
    after: { ...deployed, nodes: 1 },
    more: { shrinkBelowMajority: true },
    level: 'dangerous',
    status: 3,
  },
  {
    title: 'shrink away from the leader',
    before: five,
    after: deployed,
    situation: live(ledBy(5, 4)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'roll for a new image',
    after: { ...deployed, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    level: 'safe',
    status: 2,
  },
  {
    title: 'roll of one server',
    before: { ...deployed, nodes: 1 },
    after: { ...deployed, nodes: 1, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    level: 'careful',
    status: 2,
  },
  {
    title: 'roll of two servers',
    before: { ...deployed, nodes: 2 },
    after: { ...deployed, nodes: 2, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    level: 'careful',
    status: 2,
  },
  { title: 'roll for a first memory limit', after: { ...deployed, memory: 512 }, level: 'careful', status: 2 },
  {
    title: 'another memory limit',
    before: { ...deployed, memory: 1024 },
    after: { ...deployed, memory: 512 },
    level: 'careful',
    status: 2,
  },
  {
    title: 'roll for shared_buffers',
    before: { ...deployed, postgresSettings: { shared_buffers: '32MB' } },
    after: { ...deployed, postgresSettings: { shared_buffers: '64MB', work_mem: '8MB' } },
    level: 'safe',
    status: 2,
  },
  {
    title: 'a lowered max_connections',
    after: { ...deployed, postgresSettings: { max_connections: '50' } },
    level: 'careful',
    status: 2,
  },
  {
    title: 'limits lowered and raised',
    after: { ...deployed, postgresSettings: { max_connections: '50', max_worker_processes: '16' } },
    level: 'careful',
    status: 2,
  },
  {
    title: 'a reload of work_mem',
    before: { ...deployed, postgresSettings: { work_mem: '4MB' } },
    after: { ...deployed, postgresSettings: { work_mem: '8MB' } },
    level: 'safe',
    status: 2,
  },
  { title: 'other PostgreSQL ports', after: { ...deployed, postgresPort: 6432 }, level: 'careful', status: 2 },
  { title: 'other Raft ports', after: { ...deployed, raftPort: 7101 }, level: 'dangerous', status: 3 },
  { title: 'volumes replaced', after: { ...deployed, volumeLabel: 'payments' }, level: 'dangerous', status: 3 },
  {
    title: 'a removed container',
    drift: { gone: ['docker_container.replica1'] },
    situation: live(without(healthyView(3), 2)),
    level: 'safe',
    status: 2,
  },
  {
    title: 'a removed container and its volume',
    drift: { gone: ['docker_container.replica1', 'docker_volume.replica1_data'] },
    situation: live(without(healthyView(3), 2)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'all containers and volumes removed',
    drift: {
      gone: ['primary', 'replica1', 'replica2'].flatMap((name) => [
        `docker_container.${name}`,
        `docker_volume.${name}_data`,
      ]),
    },
    situation: absent,
    level: 'dangerous',
    status: 3,
  },
  { title: 'a stopped cluster', situation: live(stopped(3)), level: 'none', status: 0 },
  {
    title: 'a stopped cluster whose containers publish no ports',
    before: { ...deployed, stopped: true },
    after: deployed,
    situation: live(stopped(3)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a stopped cluster that is changed',
    after: { ...deployed, memory: 512 },
    situation: live(stopped(3)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a roll while a standby is down',
    after: { ...deployed, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    situation: live(without(healthyView(3), 3)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a roll while a standby is gone with its volume',
    after: { ...deployed, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    drift: { gone: ['docker_container.replica1', 'docker_volume.replica1_data'] },
    situation: live(without(healthyView(3), 2)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a reload while a standby is down',
    before: { ...deployed, postgresSettings: { work_mem: '4MB' } },
    after: { ...deployed, postgresSettings: { work_mem: '8MB' } },
    situation: live(without(healthyView(3), 3)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a stopped cluster that grows',
    after: five,
    situation: live(stopped(3)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'a majority of containers removed',
    drift: { gone: ['docker_container.primary', 'docker_container.replica1'] },
    situation: live(without(without(stopped(3), 1), 2)),
    level: 'careful',
    status: 2,
  },
  {
    title: 'ports opened to other machines',
    after: { ...deployed, bindAddress: '0.0.0.0' },
    level: 'careful',
    status: 2,
  },
  {
    title: 'ports moved to one address',
    after: { ...deployed, bindAddress: '192.0.2.1' },
    level: 'careful',
    status: 2,
  },
  {
    title: 'an unfinished deploy',
    drift: { tainted: ['terraform_data.join', 'terraform_data.check2'] },
    level: 'safe',
    status: 2,
  },
  {
    title: 'a roll without Docker',
    after: { ...deployed, image: 'postgres-pgraft:17-f5e4d3c2b1a0' },
    situation: unreachable,
    level: 'careful',
    status: 2,
  },
];

/** A healthy cluster that server `leader` leads. */
function ledBy(count: number, leader: number): ClusterView {
  const view = healthyView(count);
  const [first, other] = [view.nodes[0], view.nodes[leader - 1]];
  if (first === undefined || other === undefined) throw new Error(`there is no server ${leader}`);
  const streams = first.postgres.accepting ? first.postgres.streams.filter(({ name }) => name !== other.name) : [];
  const led = withNode(view, leader, {
    postgres: {
      ...first.postgres,
      streams: [
        ...streams,
        { name: first.name, state: 'streaming', syncState: 'quorum', flushLagBytes: 0, replayLagBytes: 0 },
      ],
    } as typeof first.postgres,
    raft: { ...first.raft, leaderId: leader } as typeof first.raft,
  });
  const follower = withNode(led, 1, { postgres: other.postgres, raft: other.raft });
  return {
    ...follower,
    nodes: follower.nodes.map((node) => ({ ...node, raft: { ...node.raft, leaderId: leader } as typeof node.raft })),
  };
}

describe('the review of a plan', () => {
  it.each(cases)('of $title', async ({ title, level, status, ...rest }) => {
    const result = judged(rest);
    await expect(
      reviewMarkdown(result, [{ stack: 'cluster', text: 'Terraform will perform the following actions:' }]),
    ).toMatchFileSnapshot(golden(title));
    expect({ level: result.level, status: exitStatusOf(result.level) }).toEqual({ level, status });
  });

  it('of what another checkout has deployed is no change', () => {
    const plans = plansOf(deployed, deployed);
    const change = {
      actions: ['delete', 'create'],
      before: { name: deployed.image, build: [{ context: '/srv/cluster/image' }] },
      after: { name: deployed.image, build: [{ context: '/srv/runner/image' }] },
      after_unknown: {},
    };
    const image = JSON.parse(plans.image) as { resource_changes: object[] };
    const moved = { ...image, resource_changes: [{ ...image.resource_changes[0], change }] };
    const changes = changesOf('pgraft', readPlan(JSON.stringify(moved)), readPlan(plans.cluster));
    expect(changes).toMatchObject({ any: false, image: undefined });
  });

  it('of a first deploy', async () => {
    const result = judgedFirst(deployed, absent);
    await expect(reviewMarkdown(result, [])).toMatchFileSnapshot(golden('first deploy'));
    expect(exitStatusOf(result.level)).toBe(2);
  });

  it('of a first deploy without Docker', async () => {
    const result = judgedFirst(deployed, unreachable);
    await expect(reviewMarkdown(result, [])).toMatchFileSnapshot(golden('first deploy without Docker'));
    expect(result.level).toBe('safe');
  });

  it('of a first deploy that was broken off', async () => {
    const plans = plansOf({ ...deployed, nodes: 2 }, deployed, { tainted: ['terraform_data.guard'] });
    const result = review({
      prefix: 'pgraft',
      firstUnfinished: true,
      shrinkBelowMajority: false,
      changes: changesOf('pgraft', readPlan(plans.image), readPlan(plans.cluster)),
      situation: live(stopped(2)),
      others: [],
      obstacles: [],
      remarks: [],
    });
    await expect(reviewMarkdown(result, [])).toMatchFileSnapshot(golden('first deploy broken off'));
    expect(result.level).toBe('safe');
  });

  it('of another prefix is that of another cluster, and the old one stays', async () => {
    const obstacles = [
      `port 5432 (PostgreSQL of ${named('shop-primary')}) is in use by container pgraft-primary; stop that, or choose other ports with PGRAFT_POSTGRES_PORT`,
    ];
    const result = judgedFirst({ ...deployed, prefix: 'shop' }, absent, { others: [old], obstacles });
    await expect(reviewMarkdown(result, [])).toMatchFileSnapshot(golden('another prefix'));
    expect(result.level).toBe('careful');
  });

  it('that cannot be made says why', async () => {
    const message = '.pgraft/pgraft/terraform.cluster.tfstate is damaged; put its backup in its place';
    await expect(errorMarkdown('pgraft', message)).toMatchFileSnapshot(golden('damaged state'));
  });
});

function golden(title: string): string {
  return join(import.meta.dirname, 'golden', `${title.replaceAll(/[^A-Za-z0-9_]+/g, '-')}.md`);
}
