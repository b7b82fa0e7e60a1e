/** Where clients connect. Pure. */
import { clientUrl, type TargetSession } from '../../constructs/topology.js';
import type { Endpoint } from './docker.js';

/**
 * A libpq URL over all servers, of role and database `app`.
 *
 * @throws Error when there is no endpoint
 */
export function connectionUrl(endpoints: readonly Endpoint[], targetSession: TargetSession, password: string): string {
  if (endpoints.length === 0) throw new Error('no server publishes its port');
  const hosts = endpoints.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  return clientUrl(`app:${encodeURIComponent(password)}`, hosts, targetSession);
}
