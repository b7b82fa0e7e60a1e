/** What Patroni is told. Pure. */
import { secrets } from '../../../test/support/node-container.js';
import { application } from '../../../test/faults/fault-cluster.js';

/** Seconds: how fast Patroni notices, and how long it bears being without etcd. */
export interface Timing {
  readonly ttl: number;
  readonly loop_wait: number;
  readonly retry_timeout: number;
}

/** As Patroni's documentation has them. */
export const defaults: Timing = { ttl: 30, loop_wait: 10, retry_timeout: 10 };
/** The least that it documents for each; with them loop_wait + 2 * retry_timeout <= ttl holds, which it asks for. */
export const minimum: Timing = { ttl: 20, loop_wait: 1, retry_timeout: 3 };

export const scope = 'bench';
export const ports = { postgres: 5432, restApi: 8008, etcd: 2379, etcdPeers: 2380 } as const;

/** What image/node and the fault tests set, too: the same settings on both sides, or the comparison means nothing. */
const parameters = {
  ...{ shared_buffers: '32MB', password_encryption: 'scram-sha-256', jit: 'off' },
  ...{ wal_level: 'replica', wal_log_hints: 'on', hot_standby_feedback: 'off' },
  ...{ max_wal_senders: 20, max_replication_slots: 20, wal_keep_size: '256MB', max_slot_wal_keep_size: '4GB' },
  ...{ wal_sender_timeout: '3s', wal_receiver_timeout: '5s', wal_receiver_status_interval: '1s' },
  wal_retrieve_retry_interval: '200ms',
};

/** Of one server, in Patroni's own words. */
export function patroniConfiguration(name: string, number: number, hosts: readonly string[], timing: Timing) {
  return {
    ...{ scope, name },
    restapi: { listen: `0.0.0.0:${ports.restApi}`, connect_address: `${name}:${ports.restApi}` },
    etcd3: { hosts: hosts.map((host) => `${host}:${ports.etcd}`) },
    bootstrap: { dcs: clusterConfiguration(timing), initdb: [{ encoding: 'UTF8' }, 'data-checksums'] },
    postgresql: {
      listen: `0.0.0.0:${ports.postgres}`,
      connect_address: `${name}:${ports.postgres}`,
      data_dir: '/var/lib/postgresql/data',
      pgpass: '/tmp/pgpass',
      // a server that cannot be rewound is copied anew, as ours is
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
      authentication: {
        superuser: { username: 'postgres', password: secrets.superuser_password },
        replication: { username: 'replicator', password: secrets.replication_password },
      },
      pg_hba: ['local all all trust', 'host all,replication all all scram-sha-256'],
      parameters: { unix_socket_directories: '/tmp', 'bench.server': String(number) },
    },
  };
}

/**
 * An acknowledged commit is on two of three servers, as it is with ours: `ANY 1` of both standbys (quorum, which unlike one fixed
 * synchronous standby lets writes go on when a standby is lost), and never none (strict). All else is as documented.
 */
function clusterConfiguration(timing: Timing) {
  return {
    ...timing,
    maximum_lag_on_failover: 1_048_576,
    synchronous_mode: 'quorum',
    synchronous_mode_strict: true,
    synchronous_node_count: 1,
    postgresql: { use_pg_rewind: true, use_slots: true, parameters },
  };
}

/** The application's role and database, as ours has them. */
export const setUp = [
  `CREATE ROLE ${application.user} LOGIN PASSWORD '${application.password.replaceAll("'", "''")}'`,
  `CREATE DATABASE ${application.database} OWNER ${application.user}`,
];

/** Timelines stand for the terms of ours: Patroni gives every promotion a higher one. */
export const insert = `
  INSERT INTO writes (id, client, sent_at, promotion_term, server)
  SELECT $1, $2, $3, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int,
         current_setting('bench.server')::int
  RETURNING server::float8, promotion_term::float8 AS promotion,
            extract(epoch FROM pg_postmaster_start_time())::float8 AS started`;
