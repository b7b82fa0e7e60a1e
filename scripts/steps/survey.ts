/** What every server has, for a cluster that has no majority: asked of the entry points, which answer without PostgreSQL. */
import { z } from 'zod';
import { votersOf } from '../live/health.js';
import { askState } from '../live/node-state.js';
import type { Live } from '../live/open.js';
import { leaderOf, type ClusterView, type NodeView } from '../live/view.js';
import type { Position, Survey, Surveyed } from './recover-plan.js';

const deadlines = { state: 5_000, position: 60_000 };

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
  return { voters, leader: leaderOf(view)?.container, servers };
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
