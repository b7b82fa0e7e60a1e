/** Settings of PostgreSQL that differ between servers although nothing asks for that. */
import type { Endpoint } from './docker.js';
import type { Sql } from './sql.js';
import type { SettingDifference } from './view.js';

/** A server that answers. */
export interface AskedServer {
  readonly id: number;
  readonly endpoint: Endpoint;
}

/** Settings that have to differ: by what the server is called and where it is, or by the role that it has now. */
const ownOfEachServer = [
  'cluster_name',
  'pgraft.name',
  'pgraft.node_id',
  'pgraft.listen_address',
  'pgraft.advertise_address',
  // each has the servers that there were when it came: it is for forming the group
  'pgraft.initial_cluster',
  // written by the role worker, see docs/architecture.md
  'pgraft.sync_generation',
  'primary_conninfo',
  'primary_slot_name',
  'synchronous_standby_names',
  'wal_retrieve_retry_interval',
  // off on the primary that took lowered limits, until it is started again (image/node/limits.sh)
  'hot_standby',
  // states that PostgreSQL shows as settings
  'in_hot_standby',
  'transaction_read_only',
];

const settings = `
  select name, concat(setting, unit) as value
    from pg_settings
   where name <> all ($1)`;

/**
 * Ask every server for its settings and compare them. A server that does not answer is left out.
 *
 * @param deadline milliseconds for each server
 */
export async function readSettingDifferences(
  sql: Sql,
  servers: readonly AskedServer[],
  deadline: number,
): Promise<SettingDifference[]> {
  const answers = await Promise.all(
    servers.map(async ({ id, endpoint }) => {
      try {
        const rows = await sql.query(endpoint, settings, { values: [ownOfEachServer], deadline });
        return [{ id, values: new Map(rows.map(({ name, value }) => [String(name), String(value)])) }];
      } catch {
        // what is wrong with that server is told elsewhere
        return [];
      }
    }),
  );
  return compareSettings(answers.flat());
}

/** Pure: the settings that not all of `servers` have with the same value, by name. */
export function compareSettings(
  servers: readonly { readonly id: number; readonly values: ReadonlyMap<string, string> }[],
): SettingDifference[] {
  const names = [...new Set(servers.flatMap(({ values }) => [...values.keys()]))].sort();
  return names
    .map((name) => ({ name, values: servers.map(({ id, values }) => ({ id, value: values.get(name) })) }))
    .filter(({ values }) => new Set(values.map(({ value }) => value)).size > 1);
}
