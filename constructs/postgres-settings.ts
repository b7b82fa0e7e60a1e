/** Settings of postgresql.conf that users may not set, and how the others are written down. */

/** Why the cluster owns a setting, by name. Everything else is PostgreSQL's to check when the server starts. */
export const ownedPostgresSettings: Readonly<Record<string, string>> = {
  listen_addresses: 'the container listens on its own network',
  port: 'the settings postgresPort and nodes give it',
  unix_socket_directories: 'the scripts and the health check use the socket',
  data_directory: "it lives in the node's volume",
  config_file: 'it is made anew at every start',
  hba_file: 'it is made anew at every start',
  ident_file: 'it is made anew at every start',
  cluster_name: "it is the node's name",
  password_encryption: 'pg_hba.conf asks for SCRAM',
  external_pid_file: 'the container runs one server',
  shared_preload_libraries: 'pgraft must be loaded',
  wal_level: 'the standbys need it',
  hot_standby: 'every server starts in recovery and answers reads there',
  full_page_writes: 'acknowledged writes must survive a crash',
  fsync: 'acknowledged writes must survive a crash',
  data_sync_retry: 'acknowledged writes must survive a failed fsync',
  wal_log_hints: 'a returning server is rewound',
  max_replication_slots: 'one slot a member',
  max_wal_senders: 'one a member, and room for clones',
  wal_sender_timeout: 'a dead standby must not count as a majority for long',
  wal_receiver_timeout: 'a standby must notice a dead primary',
  wal_receiver_status_interval: 'commits wait for what standbys report',
  primary_conninfo: 'Raft decides whom a standby follows',
  primary_slot_name: 'Raft decides whom a standby follows',
  synchronous_standby_names: 'it follows from the members',
  synchronous_commit: 'acknowledged means on a majority',
  restart_after_crash: 'every start goes through recovery',
  archive_cleanup_command: 'the node looks after its own WAL',
  logging_collector: 'the log goes to the container and to one file',
  log_destination: 'the log goes to the container and to one file',
  include: 'a file could change every other setting of this list',
  include_dir: 'a file could change every other setting of this list',
  include_if_exists: 'a file could change every other setting of this list',
};

/** What a user may tune of the extension; its other settings say who a member is and where its files are. */
export const tunableExtensionSettings = [
  'election_timeout',
  'heartbeat_interval',
  'snapshot_threshold',
  'trailing_entries',
];

/** Why users may not set `name`; undefined when they may. Recovery targets all end replay early, so all are refused. */
export function ownedPostgresSetting(name: string): string | undefined {
  if (name.startsWith('recovery_target')) return 'a standby replays everything';
  const [extension, setting = ''] = name.split('.');
  if (extension === 'pgraft' && !tunableExtensionSettings.includes(setting)) {
    return `of pgraft only ${tunableExtensionSettings.join(', ')} are yours`;
  }
  return Object.hasOwn(ownedPostgresSettings, name) ? ownedPostgresSettings[name] : undefined;
}

/** What PostgreSQL 17 takes only at its start (context postmaster), of what users may set. */
const restartOnly = new Set([
  'archive_mode',
  'autovacuum_freeze_max_age',
  'autovacuum_max_workers',
  'autovacuum_multixact_freeze_max_age',
  'bonjour',
  'bonjour_name',
  'commit_timestamp_buffers',
  'debug_io_direct',
  'dynamic_shared_memory_type',
  'event_source',
  'huge_page_size',
  'huge_pages',
  'ignore_invalid_pages',
  'jit_provider',
  'max_connections',
  'max_files_per_process',
  'max_locks_per_transaction',
  'max_logical_replication_workers',
  'max_notify_queue_pages',
  'max_pred_locks_per_transaction',
  'max_prepared_transactions',
  'max_worker_processes',
  'min_dynamic_shared_memory',
  'multixact_member_buffers',
  'multixact_offset_buffers',
  'notify_buffers',
  'reserved_connections',
  'serializable_buffers',
  'shared_buffers',
  'shared_memory_type',
  'subtransaction_buffers',
  'superuser_reserved_connections',
  'trace_connection_negotiation',
  'track_activity_query_size',
  'track_commit_timestamp',
  'transaction_buffers',
  'unix_socket_group',
  'unix_socket_permissions',
  'wal_buffers',
  'wal_decode_buffer_size',
]);

/** Whether a server takes a new value of `name` only when it starts. All that is ours of the extension is such. */
export function needsRestart(name: string): boolean {
  return restartOnly.has(name) || name.startsWith('pgraft.');
}

export interface SplitSettings {
  /** Part of a container's definition: a change replaces the containers, one by one. */
  readonly restart: Readonly<Record<string, string>>;
  /** Handed to the servers that run, which reload them. */
  readonly reloadable: Readonly<Record<string, string>>;
}

/** What of `settings` needs a restart, and what a reload can take. */
export function splitPostgresSettings(settings: Readonly<Record<string, string>>): SplitSettings {
  const entries = Object.entries(settings);
  return {
    restart: Object.fromEntries(entries.filter(([name]) => needsRestart(name))),
    reloadable: Object.fromEntries(entries.filter(([name]) => !needsRestart(name))),
  };
}

/** A standby must have at least the primary's value of these (safety.md R20). `max_wal_senders` is one too, and never changes here. */
export const standbyLimits = [
  'max_connections',
  'max_worker_processes',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

/** Those of `settings` that limit standbys; one that is not set has PostgreSQL's default. */
export function declaredLimits(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(standbyLimits.flatMap((name) => (name in settings ? [[name, settings[name] ?? '']] : [])));
}

/** `settings` as lines of postgresql.conf, sorted by name, values quoted. */
export function postgresConfLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
    .join('\n');
}
