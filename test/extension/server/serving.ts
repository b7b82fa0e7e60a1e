/** Which server of a group is the primary now, whichever was it before. */
import { eventually } from '../../support/eventually.js';
import { streams, type Server, type ServerGroup } from './server-group.js';

export interface Serving {
  readonly primary: Server;
  readonly standbys: readonly Server[];
}

const replayed = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn';

/** Wait until one server accepts commits, and all the others stream from it and have replayed what it had by then. */
export async function serving(group: ServerGroup, deadline: number): Promise<Serving> {
  const until = Date.now() + deadline;
  const left = () => Math.max(until - Date.now(), 1_000);
  const look = async () => {
    const shown = await group.each((server) => server.status());
    return group.servers.filter((_, i) => shown[i]?.role === 'primary' && shown[i].writable);
  };
  const [primary] = await eventually('one primary', look, (found) => found.length === 1, left());
  if (primary === undefined) throw new Error('accepted without a primary');
  const standbys = group.servers.filter((server) => server !== primary);
  await eventually(
    `${standbys.length} streams from ${primary.name}`,
    () => primary.value(streams),
    (count) => count === standbys.length,
    left(),
  );
  const flushed = await primary.value('SELECT pg_current_wal_flush_lsn()');
  for (const standby of standbys) {
    await eventually(
      `${standby.name} to replay up to ${String(flushed)}`,
      () => standby.value(replayed, [flushed]),
      (reached) => reached === true,
      left(),
    );
  }
  return { primary, standbys };
}

/** serving(), in the roles that the status shows too, and with every acknowledged row on all servers. */
export async function healthy(group: ServerGroup, deadline: number): Promise<Serving> {
  const until = Date.now() + deadline;
  const left = () => Math.max(until - Date.now(), 1_000);
  const now = await serving(group, deadline);
  await now.primary.shows({ state: 'leader', synchronous_in_force: true }, left());
  await Promise.all(now.standbys.map((standby) => standby.shows({ role: 'standby', state: 'follower' }, left())));
  await group.everyRowThere(left());
  return now;
}

/** The promotions in the history of the server's data, one a line, oldest first (R1). */
export function links(server: Server): string[] {
  return server.chain().trimEnd().split('\n').slice(1);
}
