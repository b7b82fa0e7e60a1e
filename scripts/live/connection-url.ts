/** Where clients connect. Pure. */
import type { Endpoint } from './docker.js';

/**
 * A libpq URL over all servers, of role and database `app`.
 *
 * @throws Error when there is no endpoint
 */
export function connectionUrl(
  endpoints: readonly Endpoint[],
  targetSession: 'read-write' | 'prefer-standby',
  password: string,
): string {
  if (endpoints.length === 0) throw new Error('no server publishes its port');
  const hosts = endpoints.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  return `postgresql://app:${encodeURIComponent(password)}@${hosts}/app?target_session_attrs=${targetSession}`;
}
