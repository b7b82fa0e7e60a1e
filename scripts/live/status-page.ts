/** The status page: the three documented blocks, then what we add. Pure. */
import { healthSentence, problemsOf, quorumOf } from './health.js';
import { leaderOf, newestTerm, primaryOf, streamOf, type ClusterView, type NodeView } from './view.js';

/** The page as text, without a final line feed. */
export function statusPage(view: ClusterView): string {
  const problems = problemsOf(view);
  const blocks = [
    ['=== Container Status ===', ...containerLines(view)],
    ['=== PostgreSQL Status ===', ...postgresLines(view)],
    ['=== Raft Status ===', ...raftLines(view)],
    [leaderLine(view)],
    ['=== Replication ===', ...replicationLines(view)],
    ['=== Health ===', ...summaryLines(view), ...problems.map((problem) => `- ${problem}`)],
  ];
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

/** The page as one JSON value, for programs: the view, and what is concluded from it. */
export function statusJson(view: ClusterView): string {
  const problems = problemsOf(view);
  const { voters, up, needed } = quorumOf(view);
  const conclusions = {
    healthy: problems.length === 0,
    problems,
    leader: leaderOf(view)?.id ?? null,
    primary: primaryOf(view)?.id ?? null,
    term: newestTerm(view),
    quorum: { voters, up, needed, met: up >= needed },
  };
  return JSON.stringify({ ...conclusions, ...view }, undefined, 2);
}

function containerLines({ nodes }: ClusterView): string[] {
  return table(
    nodes,
    ({ container }) => container,
    ({ docker }) => (docker.health === 'unhealthy' ? `${docker.status} (unhealthy)` : docker.status),
  );
}

function postgresLines({ nodes }: ClusterView): string[] {
  return table(
    nodes,
    ({ container }) => container,
    ({ postgres, docker, entryPoint }) => {
      if (postgres.accepting) return `accepting connections (${postgres.inRecovery ? 'replica' : 'primary'})`;
      if (docker.status === 'paused') return 'not accepting connections (paused)';
      if (docker.status !== 'running') return 'not running';
      if (!docker.onNetwork) return 'not reachable (cut off from the network)';
      if (entryPoint?.asked !== true) return `not accepting connections (${postgres.problem})`;
      const { phase, message } = entryPoint.state;
      return `not accepting connections (${message === '' ? phase : `${phase}: ${message}`})`;
    },
  );
}

function raftLines({ nodes }: ClusterView): string[] {
  return table(nodes, raftLabel, ({ raft }) =>
    raft.available ? `state=${raft.state}, term=${raft.term}` : 'state=unavailable',
  );
}

function leaderLine(view: ClusterView): string {
  const leader = leaderOf(view);
  return leader === undefined ? 'Leader: none' : `Leader: Node ${leader.id}`;
}

function replicationLines(view: ClusterView): string[] {
  const primary = primaryOf(view);
  return table(
    view.nodes,
    ({ container }) => container,
    (node) => {
      const { postgres } = node;
      if (!postgres.accepting) return 'unknown';
      const position = `timeline ${postgres.timeline}, LSN ${postgres.writtenLsn}`;
      if (!postgres.inRecovery) return position;
      const stream = primary === undefined ? undefined : streamOf(primary, node);
      if (stream === undefined) return `${position}, not streaming`;
      return `${position}, lag ${bytes(stream.replayLagBytes)}, ${stream.state} (${stream.syncState})`;
    },
  );
}

function summaryLines(view: ClusterView): string[] {
  const { up, voters, needed } = quorumOf(view);
  return [
    `Quorum: ${up} of ${voters} voters answer, ${needed} needed`,
    `Provider: ${view.provider}`,
    `Cluster is ${healthSentence(view)}`,
  ];
}

/** Lines `label : value`; the colons of all blocks are in one column, as the reference page has them. */
function table(
  nodes: readonly NodeView[],
  label: (node: NodeView) => string,
  value: (node: NodeView) => string,
): string[] {
  const width = Math.max(0, ...nodes.flatMap((node) => [node.container.length, raftLabel(node).length]));
  return nodes.map((node) => `${label(node).padEnd(width)} : ${value(node)}`);
}

function raftLabel({ id, name }: NodeView): string {
  return `Node ${id} (${name})`;
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(count) / 10), units.length);
  return `${(count / 1024 ** power).toFixed(1)} ${units[power - 1] ?? ''}`;
}
