/** Failover paused while the primary restarts in place (safety.md R18, R20). */
import { UserError } from '../kit/errors.js';
import type { PauseNote } from '../kit/pause-note.js';
import type { Sources } from '../live/read.js';
import { primaryOf, type ClusterView, type NodeView } from '../live/view.js';

const deadline = 20_000;

/** Pause failover, unless somebody has: then it is for them to enable it again. */
export async function pauseFailover({ sql }: Sources, primary: NodeView, note: PauseNote): Promise<void> {
  if (!primary.raft.available || !primary.raft.failoverEnabled) return;
  // first: a pause that nobody knows to be ours would stay
  note.write();
  await setFailover({ sql }, primary, false);
}

/** End a pause of ours that is left, once there is a primary to ask. */
export async function endPause({ sql }: Pick<Sources, 'sql'>, view: ClusterView, note: PauseNote): Promise<void> {
  if (!note.exists()) return;
  const primary = primaryOf(view);
  if (primary === undefined) return;
  await setFailover({ sql }, primary, true);
  note.remove();
}

async function setFailover({ sql }: Pick<Sources, 'sql'>, { endpoint, container }: NodeView, enabled: boolean) {
  if (sql === undefined || endpoint === undefined) {
    throw new UserError(`${container} cannot be asked to ${enabled ? 'enable' : 'pause'} failover; see npm run status`);
  }
  await sql.query(endpoint, "select pgraft_set_config('failover_enabled', $1)", {
    values: [String(enabled)],
    deadline,
  });
}
