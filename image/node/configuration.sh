# shellcheck shell=bash
#
# postgresql.conf and pg_hba.conf, made anew at every start. What is set here and may not be changed by ALTER SYSTEM goes on the
# postmaster's command line as well (postmaster.sh).

# require_environment: what the container's definition must say (docs/architecture.md).
require_environment() {
  local name
  for name in PGRAFT_NODE_ID PGRAFT_NAME PGRAFT_LISTEN_ADDRESS PGRAFT_ADVERTISE_ADDRESS; do
    [[ "${!name:-}" =~ ^[[:print:]]+$ ]] ||
      fail "$name is not set, or holds a control character; set it in the container's environment"
  done
  [[ "$PGRAFT_NODE_ID" =~ ^[1-9][0-9]*$ ]] || fail "PGRAFT_NODE_ID is '$PGRAFT_NODE_ID'; set it to the node's number, 1 or more"
}

write_configuration() {
  make_private_directory "$configuration_dir"
  write_aside "$configuration_dir/postgresql.conf" "$(postgresql_conf)"
  write_aside "$configuration_dir/pg_hba.conf" "$(pg_hba_conf)"
}

# write_aside <path> <content>: whole or not at all; it need not survive a power failure.
write_aside() {
  printf '%s\n' "$2" >"$1.new"
  mv -fT "$1.new" "$1"
}

# setting <name> <value>: a line of postgresql.conf, whose strings know '' and backslash escapes, and have no line ends.
setting() {
  local text="$2" apostrophe="'"
  text="${text//\\/\\\\}"
  printf "%s = '%s'\n" "$1" "${text//$apostrophe/$apostrophe$apostrophe}"
}

postgresql_conf() {
  printf '# Made by pgraft-node at every start: edits are lost. Use the cluster settings instead.\n'
  place_settings
  replication_settings
  log_settings
  pgraft_settings
  printf '\n# from the cluster settings\n%s\n' "${PGRAFT_POSTGRES_SETTINGS:-}"
  setting include_if_exists "$settings_file"
  limit_settings
  printf '\n# written by the role worker: where to stream from, who confirms commits\n'
  setting include_if_exists "$role_conf_file"
}

place_settings() {
  setting data_directory "$data_dir"
  setting hba_file "$configuration_dir/pg_hba.conf"
  setting unix_socket_directories "$socket_dir"
  setting listen_addresses '*'
  setting port 5432
  setting cluster_name "$PGRAFT_NAME"
  setting password_encryption scram-sha-256
  setting timezone Etc/UTC
  setting default_text_search_config pg_catalog.english
  setting jit off # the image has no LLVM
}

replication_settings() {
  setting wal_level replica
  setting hot_standby on
  setting full_page_writes on
  setting wal_log_hints on
  setting synchronous_commit on
  setting recovery_target_timeline latest
  setting restart_after_crash off # R8: every start goes through the entry point, in recovery
  setting max_wal_senders 20
  setting max_replication_slots 20
  setting wal_keep_size 256MB
  setting max_wal_size 1GB # PostgreSQL's own with segments of 16 MB: smaller ones would make it smaller
  setting min_wal_size 80MB
  setting max_slot_wal_keep_size 4GB
  setting wal_sender_timeout 3s # R10
  setting wal_receiver_timeout 5s
  setting wal_receiver_status_interval 1s
  setting wal_retrieve_retry_interval 200ms
  setting hot_standby_feedback off
}

log_settings() {
  setting log_destination stderr
  setting logging_collector off
  setting log_line_prefix '%m [%p] %q%u@%d '
  setting log_timezone Etc/UTC
}

pgraft_settings() {
  local initial_cluster
  initial_cluster="$(read_line "$initial_cluster_file")"
  setting shared_preload_libraries pgraft
  setting pgraft.name "$PGRAFT_NAME"
  setting pgraft.node_id "$PGRAFT_NODE_ID"
  setting pgraft.listen_address "$PGRAFT_LISTEN_ADDRESS"
  setting pgraft.advertise_address "$PGRAFT_ADVERTISE_ADDRESS"
  setting pgraft.data_dir "$raft_dir"
  setting pgraft.key_file "${secret_files[raft_key]}"
  if [[ -n "$initial_cluster" ]]; then
    setting pgraft.initial_cluster "$initial_cluster"
  fi
}

# Over the socket the operating system's user is enough for postgres; every other way needs a password. Nobody is trusted.
pg_hba_conf() {
  printf '%s\n' \
    '# Made by pgraft-node at every start: edits are lost.' \
    '# type  database     user                address  method' \
    'local   all          postgres                     peer' \
    'local   all          all                          scram-sha-256' \
    'host    all          all                 all      scram-sha-256' \
    'host    replication  pgraft_replication  all      scram-sha-256'
}
