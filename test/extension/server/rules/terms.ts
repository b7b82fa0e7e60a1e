/** What servers say of terms and of their WAL. */
import { eventually } from '../../../support/eventually.js';
import type { Server } from '../server-group.js';

/** A report of a server's position, as it says in its log. */
export interface Freeze {
  readonly term: number;
  readonly end: bigint;
}

/** A WAL position as a number, to be compared. */
export function lsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

export function freezes(log: string): Freeze[] {
  const lines = log.matchAll(/frozen for term (\d+), WAL ends at ([0-9A-F]+\/[0-9A-F]+)/g);
  return [...lines].map(([, term, end]) => ({ term: Number(term), end: lsn(end ?? '') }));
}

/** Wait until `server` has frozen for a term newer than `than`. */
export async function freezesForNewer(server: Server, than: number, deadline: number): Promise<Freeze> {
  const [freeze] = await eventually(
    `${server.name} to freeze for a term after ${than}`,
    () => freezes(server.log()).filter(({ term }) => term > than),
    (newer) => newer.length > 0,
    deadline,
  );
  if (freeze === undefined) throw new Error('accepted without a freeze');
  return freeze;
}

/** Wait until one of `servers` has been promoted and says that it accepts commits. */
export async function successor(servers: readonly Server[], deadline: number): Promise<Server> {
  const look = async () => {
    const shown = await Promise.all(servers.map((server) => server.status().catch(() => undefined)));
    return servers.filter((_, i) => shown[i]?.role === 'primary' && shown[i].writable);
  };
  const [server] = await eventually('another primary', look, (found) => found.length === 1, deadline);
  if (server === undefined) throw new Error('accepted without a primary');
  return server;
}

/** Wait until the startup process of a standby waits for `event`. */
export async function replayWaits(standby: Server, event: string, deadline: number): Promise<void> {
  const look = () => standby.value("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'");
  await eventually(`replay on ${standby.name} to wait for ${event}`, look, (seen) => seen === event, deadline);
}
