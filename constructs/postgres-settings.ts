/** Settings of postgresql.conf that users may not set, and how the others are written down. */

/** Why the cluster owns a setting, by name. Everything else is PostgreSQL's to check when the server starts. */
const owned: Readonly<Record<string, string>> = {
  listen_addresses: 'the container listens on its own network',
  port: 'the settings postgresPort and nodes give it',
  unix_socket_directories: 'the scripts and the health check use the socket',
  data_directory: "it lives in the node's volume",
  config_file: 'it is made anew at every start',
  hba_file: 'it is made anew at every start',
  ident_file: 'it is made anew at every start',
  external_pid_file: 'the container runs one server',
  shared_preload_libraries: 'pgraft must be loaded',
  wal_level: 'the standbys need it',
  hot_standby: 'every server starts in recovery and answers reads there',
  full_page_writes: 'acknowledged writes must survive a crash',
  fsync: 'acknowledged writes must survive a crash',
  wal_log_hints: 'a returning server is rewound',
  max_replication_slots: 'one slot a member',
  max_wal_senders: 'one a member, and room for clones',
  primary_conninfo: 'Raft decides whom a standby follows',
  primary_slot_name: 'Raft decides whom a standby follows',
  synchronous_standby_names: 'it follows from the members',
  synchronous_commit: 'acknowledged means on a majority',
  restart_after_crash: 'every start goes through recovery',
  archive_cleanup_command: 'the node looks after its own WAL',
  logging_collector: 'the log goes to the container and to one file',
  log_destination: 'the log goes to the container and to one file',
  'pgraft.name': 'the topology gives it',
  'pgraft.node_id': 'the topology gives it',
  'pgraft.listen_address': 'the topology gives it',
  'pgraft.advertise_address': 'the topology gives it',
  'pgraft.initial_cluster': 'the bootstrap hands it over',
  'pgraft.data_dir': "it lives in the node's volume",
  'pgraft.sync_generation': 'it follows from the members',
};

/** Why users may not set `name`; undefined when they may. Recovery targets all end replay early, so all are refused. */
export function ownedPostgresSetting(name: string): string | undefined {
  if (name.startsWith('recovery_target')) return 'a standby replays everything';
  return Object.hasOwn(owned, name) ? owned[name] : undefined;
}

/** `settings` as lines of postgresql.conf, sorted by name, values quoted. */
export function postgresConfLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
    .join('\n');
}
