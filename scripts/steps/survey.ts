/** What every server has, for a cluster that has no majority: asked of the entry points, which answer without PostgreSQL. */
import { z } from 'zod';
import { volumeName } from '../../constructs/topology.js';
import { majority } from '../../constructs/quorum.js';
import { votersOf } from '../live/health.js';
import { askState } from '../live/node-state.js';
import type { Live } from '../live/open.js';
import { leaderOf, type ClusterView, type NodeView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { isAlone, wholeVoters, type Leader, type Position, type Survey, type Surveyed } from './recover-plan.js';

const deadlines = { state: 5_000, position: 60_000, election: 30_000, promotion: 60_000 };

const schema = z.object({
  data: z.enum(['whole', 'incomplete', 'doubtful', 'none']),
  term: z.coerce.number(),
  lsn: z.string(),
  witness_term: z.coerce.number().default(0),
  witness_lsn: z.string().default(''),
  raft_term: z.coerce.number(),
});

/** Nothing is changed by it. */
export async function survey(live: Live, first: ClusterView): Promise<Survey> {
  const { volumes } = await live.docker.objects(live.prefix);
  const servers = await Promise.all(first.nodes.map(async (node) => surveyOne(live, node, volumes)));
  const remembered = live.secrets?.members ?? [];
  const votersIn = (view: ClusterView) =>
    view.members.length === 0 && remembered.length > 0 ? remembered : votersOf(view);
  const limit = timeToGive(servers, votersIn(first), leaderIn(first));
  // what comes of it is newer than what was seen first
  const view = limit === 0 ? first : await awaitBetter(live, first, limit);
  const members = view.members.map(({ id }) => id);
  return { voters: votersIn(view), members, leader: leaderIn(view), gaveTime: limit > 0, servers };
}

/** Milliseconds that a whole majority needs to elect a leader, or the only voter to become the primary; 0: neither is to come. */
function timeToGive(servers: readonly Surveyed[], voters: readonly number[], leader: Leader | undefined): number {
  if (leader !== undefined) return isAlone(voters, leader) && !leader.writable ? deadlines.promotion : 0;
  return wholeVoters({ voters, servers }).length >= majority(voters.length) ? deadlines.election : 0;
}

/** The cluster when it has a leader that serves, or as it is when the time is up. */
async function awaitBetter({ clock, ...live }: Live, first: ClusterView, limit: number): Promise<ClusterView> {
  const until = clock.now() + limit;
  const look = openWatch(live, clock);
  let view = first;
  while (clock.now() < until && leaderIn(view)?.writable !== true) {
    await clock.sleep(500);
    view = (await look()) ?? view;
  }
  return view;
}

function leaderIn(view: ClusterView): Leader | undefined {
  const leader = leaderOf(view);
  return leader && { id: leader.id, writable: leader.raft.available && leader.raft.writable };
}

async function surveyOne({ docker, prefix }: Live, node: NodeView, volumes: readonly string[]): Promise<Surveyed> {
  const { id, name, container } = node;
  const { status } = node.docker;
  const volume = volumes.find((candidate) => candidate === volumeName(prefix, id));
  const surveyed = { id, name, container, status, volume };
  if (status !== 'running') return { ...surveyed, found: undefined };
  const [answer, told] = await Promise.all([
    askState(docker, container, deadlines.state),
    docker.exec(container, ['pgraft-node', 'position'], { deadline: deadlines.position }),
  ]);
  const position = told.ok ? readPosition(told.stdout) : undefined;
  const found = answer.asked && position !== undefined ? { state: answer.state, position } : undefined;
  return { ...surveyed, found };
}

/** From the `key=value` lines of `pgraft-node position`; undefined when they are not those. */
export function readPosition(text: string): Position | undefined {
  const result = schema.safeParse(Object.fromEntries(text.split('\n').map((line) => line.split('='))));
  if (!result.success) return undefined;
  const { data, term, lsn, raft_term: raftTerm, witness_term: old, witness_lsn: end } = result.data;
  return { data, term, lsn, raftTerm, witness: end === '' ? undefined : { term: old, lsn: end } };
}
