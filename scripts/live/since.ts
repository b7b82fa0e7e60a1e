/** Since when a server is down. Pure. */
import prettyMs from 'pretty-ms';
import type { ClusterView, NodeView } from './view.js';

const day = 86_400_000;

/**
 * When `node` stopped serving (ISO 8601), as well as it can be told: Docker knows when a container ended, the Raft group when
 * it last heard of a member. Undefined for one that serves, and where nobody knows.
 */
export function downSince(view: ClusterView, { id, docker, postgres, raft }: NodeView): string | undefined {
  if (docker.status === 'exited' || docker.status === 'dead') return docker.since;
  if (postgres.accepting && raft.available) return undefined;
  const member = view.members.find((candidate) => candidate.id === id);
  if (member?.state !== 'unreachable' || member.lastHeartbeatMs === undefined) return undefined;
  return new Date(Date.parse(view.takenAt) - member.lastHeartbeatMs).toISOString();
}

/** ` since 14:03:12 UTC (2m 5s)`, with the date once it is long ago; empty where nobody knows. */
export function sincePhrase(view: ClusterView, node: NodeView): string {
  const since = downSince(view, node);
  if (since === undefined) return '';
  const milliseconds = Math.max(Date.parse(view.takenAt) - Date.parse(since), 0);
  const [date = '', time = ''] = new Date(since).toISOString().split('T');
  const moment = `${milliseconds < day ? '' : `${date} `}${time.slice(0, 8)} UTC`;
  return ` since ${moment} (${prettyMs(milliseconds, { secondsDecimalDigits: 0 })})`;
}
