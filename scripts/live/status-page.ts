/** The status page: the three documented blocks, then what we add. Pure. */
import { failoverSafety, failoverSentence } from './failover.js';
import { healthSentence, problemsOf, quorumOf } from './health.js';
import { plain, type Paint } from './paint.js';
import { isNotableLag, remarksOf } from './remarks.js';
import { downSince } from './since.js';
import { sizeText } from './size-text.js';
import { synchronousSentence, synchronousSetOf } from './synchronous-set.js';
import { leaderOf, newestTerm, primaryOf, streamOf, type ClusterView, type NodeView, type Promotion } from './view.js';

/**
 * The page as text, without a final line feed.
 *
 * @param paint colours; without them the three blocks are the documented ones to the letter
 */
export function statusPage(view: ClusterView, paint: Paint = plain): string {
  const blocks = [
    [paint.heading('=== Container Status ==='), ...containerLines(view, paint)],
    [paint.heading('=== PostgreSQL Status ==='), ...postgresLines(view, paint)],
    [paint.heading('=== Raft Status ==='), ...raftLines(view, paint)],
    [leaderLine(view, paint)],
    [paint.heading('=== Replication ==='), ...replicationLines(view, paint)],
    [paint.heading('=== Failover ==='), ...failoverLines(view, paint)],
    [paint.heading('=== Health ==='), ...summaryLines(view, paint)],
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
    remarks: remarksOf(view),
    leader: leaderOf(view)?.id ?? null,
    primary: primaryOf(view)?.id ?? null,
    term: newestTerm(view),
    promotion: promotionOf(view) ?? null,
    synchronous: synchronousSetOf(view) ?? null,
    failover: failoverSafety(view),
    quorum: { voters, up, needed, met: up >= needed },
    down: view.nodes
      .filter((node) => isDown(node))
      .map((node) => ({ id: node.id, since: downSince(view, node) ?? null })),
  };
  return JSON.stringify({ ...conclusions, ...view }, undefined, 2);
}

function isDown({ postgres, raft }: NodeView): boolean {
  return !postgres.accepting || !raft.available;
}

function containerLines({ nodes }: ClusterView, paint: Paint): string[] {
  return table(
    nodes,
    ({ container }) => container,
    ({ docker }) => {
      // the documented words are running and stopped
      const word = docker.status === 'exited' ? 'stopped' : docker.status;
      if (word === 'running' && docker.health === 'unhealthy') return paint.notable('running (unhealthy)');
      return word === 'running' ? paint.good(word) : paint.bad(word);
    },
  );
}

function postgresLines({ nodes }: ClusterView, paint: Paint): string[] {
  return table(
    nodes,
    ({ container }) => container,
    (node) => {
      const { postgres, raft } = node;
      if (!postgres.accepting) return paint.bad(whyNotAccepting(node, postgres.problem));
      if (postgres.inRecovery) return paint.good('accepting connections (replica)');
      if (raft.available && raft.writable) return paint.good('accepting connections (primary)');
      return paint.notable('accepting connections (primary, refuses commits)');
    },
  );
}

function whyNotAccepting({ docker, entryPoint }: NodeView, problem: string): string {
  if (docker.status === 'paused') return 'not accepting connections (paused)';
  if (docker.status !== 'running') return 'not running';
  if (!docker.onNetwork) return 'not reachable (cut off from the network)';
  if (entryPoint?.asked !== true) return `not accepting connections (${problem})`;
  const { phase, message } = entryPoint.state;
  return `not accepting connections (${message === '' ? phase : `${phase}: ${message}`})`;
}

function raftLines({ nodes }: ClusterView, paint: Paint): string[] {
  return table(nodes, raftLabel, ({ raft }) => {
    if (!raft.available) return paint.bad('state=unavailable');
    const colours: Record<string, Paint[keyof Paint]> = { leader: paint.leader, follower: paint.good };
    return (colours[raft.state] ?? paint.notable)(`state=${raft.state}, term=${raft.term}`);
  });
}

function leaderLine(view: ClusterView, paint: Paint): string {
  const leader = leaderOf(view);
  return leader === undefined ? paint.bad('Leader: none') : paint.leader(`Leader: Node ${leader.id}`);
}

function replicationLines(view: ClusterView, paint: Paint): string[] {
  const primary = primaryOf(view);
  return table(
    view.nodes,
    ({ container }) => container,
    (node) => {
      const { postgres, raft, entryPoint } = node;
      if (!postgres.accepting) {
        const rejoins = entryPoint?.asked === true && entryPoint.state.phase === 'rejoining';
        return rejoins ? paint.notable('rejoining') : paint.bad('unknown');
      }
      const role = raft.available ? raft.role : postgres.inRecovery ? 'standby' : 'primary';
      const position = `${role}, timeline ${postgres.timeline}, LSN ${postgres.writtenLsn}`;
      if (!postgres.inRecovery) return position;
      const stream = primary === undefined ? undefined : streamOf(primary, node);
      if (stream === undefined) return `${position}, ${paint.bad('not streaming')}`;
      const lag = `lag ${sizeText(stream.replayLagBytes)}`;
      const state = stream.incomplete === true ? 'being completed' : `${stream.state} (${stream.syncState})`;
      return `${position}, ${isNotableLag(stream.replayLagBytes) ? paint.notable(lag) : lag}, ${state}`;
    },
  );
}

function failoverLines(view: ClusterView, paint: Paint): string[] {
  const promotion = promotionOf(view);
  const { safe, reasons } = failoverSafety(view);
  const sentence = `Failover safe now: ${failoverSentence(view)}`;
  return [
    `Last promotion: ${promotion === undefined ? 'none' : promotionText(promotion)}`,
    `Commits are confirmed by: ${synchronousSentence(view)}`,
    safe ? paint.good(sentence) : paint.notable(sentence),
    ...reasons.slice(1).map((reason) => paint.notable(`- ${reason}`)),
  ];
}

/** The newest one that any server knows. */
function promotionOf({ nodes }: ClusterView): Promotion | undefined {
  const known = nodes.flatMap(({ raft }) => (raft.available ? (raft.promotion ?? []) : []));
  return known.sort((a, b) => b.term - a.term)[0];
}

function promotionText({ term, nodeId, timeline }: Promotion): string {
  return `node ${nodeId} in term ${term}, timeline ${timeline}`;
}

function summaryLines(view: ClusterView, paint: Paint): string[] {
  const { up, voters, needed } = quorumOf(view);
  const problems = problemsOf(view);
  const sentence = `Cluster is ${healthSentence(view)}`;
  return [
    `Quorum: ${up} of ${voters} voters answer, ${needed} needed`,
    `Provider: ${view.provider}`,
    problems.length === 0 ? paint.good(sentence) : paint.bad(sentence),
    ...problems.map((problem) => paint.bad(`- ${problem}`)),
    ...remarksOf(view).map((remark) => paint.notable(`- ${remark}`)),
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
