/** What every server has, for a cluster that has no majority: asked of the entry points, which answer without PostgreSQL. */
import { z } from 'zod';
import { majority } from '../../constructs/quorum.js';
import { votersOf } from '../live/health.js';
import { askState } from '../live/node-state.js';
import type { Live } from '../live/open.js';
import { leaderOf, type ClusterView, type NodeView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { wholeVoters, type Position, type Survey, type Surveyed } from './recover-plan.js';

const deadlines = { state: 5_000, position: 60_000, election: 30_000 };

const schema = z.object({
  data: z.enum(['whole', 'doubtful', 'none']),
  term: z.coerce.number(),
  lsn: z.string(),
  raft_term: z.coerce.number(),
});

/** Nothing is changed by it. */
export async function survey(live: Live, view: ClusterView): Promise<Survey> {
  const servers = await Promise.all(view.nodes.map(async (node) => surveyOne(live, node)));
  const remembered = live.secrets?.members ?? [];
  const voters = view.members.length === 0 && remembered.length > 0 ? remembered : votersOf(view);
  const leader = leaderOf(view)?.container;
  const hopeful = leader === undefined && wholeVoters({ voters, servers }).length >= majority(voters.length);
  const elected = hopeful ? await awaitLeader(live) : leader;
  return { voters, leader: elected, gaveTime: hopeful, servers };
}

/** The container that leads within the time that any election needs; undefined when none does. */
async function awaitLeader(live: Live): Promise<string | undefined> {
  const until = live.clock.now() + deadlines.election;
  const look = openWatch(live, live.clock);
  while (live.clock.now() < until) {
    const view = await look();
    const leader = view === undefined ? undefined : leaderOf(view);
    if (leader !== undefined) return leader.container;
    await live.clock.sleep(500);
  }
  return undefined;
}

async function surveyOne({ docker }: Live, node: NodeView): Promise<Surveyed> {
  const { id, name, container } = node;
  const { status } = node.docker;
  const surveyed = { id, name, container, status };
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
  const { data, term, lsn, raft_term: raftTerm } = result.data;
  return { data, term, lsn, raftTerm };
}
