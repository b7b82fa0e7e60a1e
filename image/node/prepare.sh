# shellcheck shell=bash
#
# Before every start of PostgreSQL: it starts in recovery (S1), streams from nobody (R5), and nobody confirms its commits (R11)
# until the role worker says otherwise.

prepare() {
  finish_adoption
  forget_renewal
  keep_system_identifier
  remove_directory "$new_data_dir" # of a clone that came to nothing
  remove_directory "$old_data_dir"
  remove_directory "$kept_wal_dir"
  make_private_directory "$raft_dir"
  lock_data
  remove_stale_locks
  discard_hand_made "$data_dir"
  remove_foreign_histories "$data_dir"
  remove_partial_segments "$data_dir"
  start_in_recovery
  forget_primary
  durable_write "$role_conf_file" "$(initial_role_conf)"$'\n'
  take_lower_request
  have_settings
  write_configuration
}

# keep_system_identifier: from the first start on, other data is refused (refusal).
keep_system_identifier() {
  local identifier
  if [[ ! -s "$system_identifier_file" ]]; then
    identifier="$(system_identifier "$data_dir")"
    make_private_directory "$cluster_dir"
    if [[ -n "$identifier" ]]; then # otherwise PostgreSQL will say what is wrong with pg_control
      durable_write "$system_identifier_file" "$identifier"$'\n'"$(printf '%s' "$identifier" | cksum)"$'\n'
    fi
  fi
}

# lock_data: every process of a postmaster that we start inherits this lock, so whoever gets it knows that none is left: in this
# container or another, whatever their process ids. It is ours until the postmaster has it.
lock_data() {
  clock
  local until=$((now + 30000))
  make_private_directory "$version_dir" # a volume that was lost has none
  exec {data_lock}<"$version_dir"
  until flock -n "$data_lock"; do
    clock
    ((now < until)) ||
      fail "processes of the last postmaster still use $data_dir after 30 s; find out what holds them, then start the container again"
    tick
  done
}

unlock_data() {
  exec {data_lock}<&-
}

# remove_stale_locks: with the lock held no postmaster is alive. The process id in these files may name one of our own processes
# after a restart of the container, and PostgreSQL would then refuse to start.
remove_stale_locks() {
  if [[ -e "$data_dir/postmaster.pid" ]]; then
    note "removing postmaster.pid of a postmaster that ended without cleaning up"
    durable_remove "$data_dir/postmaster.pid"
  fi
  rm -f "$socket_dir/.s.PGSQL.5432" "$socket_dir/.s.PGSQL.5432.lock"
}

start_in_recovery() {
  if [[ ! -e "$data_dir/standby.signal" || -e "$data_dir/recovery.signal" ]]; then
    rm -f "$data_dir/recovery.signal"
    : >"$data_dir/standby.signal"
    sync "$data_dir/standby.signal" "$data_dir"
  fi
}

# forget_primary: what ALTER SYSTEM or pg_basebackup -R left about roles would win over role.conf.
forget_primary() {
  local file="$data_dir/postgresql.auto.conf"
  local pattern='^[[:space:]]*(primary_conninfo|primary_slot_name|synchronous_standby_names|recovery_target[a-z_]*)[[:space:]=]'
  if [[ -f "$file" ]] && grep -qiE "$pattern" "$file"; then
    note "removing $(grep -oiE "$pattern" "$file" | tr -d ' =\n\t') from postgresql.auto.conf: only the role worker sets it"
    durable_write "$file" "$(grep -viE "$pattern" "$file")"$'\n'
  fi
}

# Without a primary, PostgreSQL writes a line to the log at every retry; a reload wakes it at once whatever the interval is.
initial_role_conf() {
  printf '%s\n' \
    '# Written by the role worker; reset by pgraft-node before every start.' \
    "primary_conninfo = ''" \
    "wal_retrieve_retry_interval = '5s'" \
    "synchronous_standby_names = 'ANY 1 (\"pgraft_nobody\")'"
}
