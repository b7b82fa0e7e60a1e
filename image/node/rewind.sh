# shellcheck shell=bash
#
# pg_rewind: steps back to the fork and takes from the primary what has changed since. When it cannot, the server is cloned.

primary_checkpoint_ms=10000 # then pg_rewind goes on without it

rewind_data() {
  begin_checkpoint
  if [[ "$(cluster_state)" != 'shut down' ]]; then
    begin_rewind
    recover_to_end
  fi
  await_checkpoint
  [[ "${rejoin[how]}" == rewind ]] || return 0
  aim_at_primary # again, just before (R7)
  [[ -n "$aimed" ]] || return 0
  begin_rewind
  set_phase rejoining "rewinds to the history of ${rejoin[host]}:${rejoin[port]}, primary of term ${rejoin[term]}"
  keep_wal
  if run_pg_rewind && restore_wal; then
    finish_rejoin
  else
    note "pg_rewind has not done it, or WAL that it needs is gone, see the lines above: clones instead"
    set_rejoin how clone
  fi
}

# begin_rewind: from here on the data is not whole; without its incarnation it would not be started even if pgraft/rejoin were lost.
begin_rewind() {
  set_rejoin state working
  durable_remove "$data_incarnation_file"
}

# begin_checkpoint: of the primary, while this server recovers. A primary that was promoted a moment ago has none since: in pg_control
# is where it would begin as the standby that it was, and pg_rewind takes that when it is before the last common checkpoint.
# What is rewound would replay all WAL since then. Only time depends on it, so that any server may be asked, and may fail.
begin_checkpoint() {
  PGPASSFILE="$replication_pgpass_file" PGCONNECT_TIMEOUT=2 PGOPTIONS="-c statement_timeout=$primary_checkpoint_ms" \
    timeout $((primary_checkpoint_ms / 1000 + 1)) psql -X -q --no-password --command CHECKPOINT \
    --dbname "$(member_connection "${rejoin[host]}" "${rejoin[port]}") dbname=postgres" </dev/null {data_lock}<&- &
  checkpoint_pid=$!
}

await_checkpoint() {
  wait "$checkpoint_pid" ||
    note "the primary has made no checkpoint, see the line above: more WAL than necessary is replayed"
}

# recover_to_end: replay all WAL that is here, in single-user mode, which must not see standby.signal (R19). Also after a clean
# stop in recovery: pg_rewind would take that for complete, though pages may be newer than what was replayed, and miss them.
# Its checkpoint leaves all WAL where it is: pg_rewind goes back from the fork to the checkpoint before.
recover_to_end() {
  set_phase rejoining 'recovers from its own WAL, as pg_rewind needs it'
  write_configuration
  durable_remove "$data_dir/standby.signal" "$data_dir/recovery.signal"
  if ! postgres --single -F -D "$data_dir" -c config_file="$configuration_dir/postgresql.conf" -c shared_preload_libraries= \
    -c wal_keep_size=1TB template1 </dev/null >/dev/null; then
    note "recovery in single-user mode has failed: clones instead"
    set_rejoin how clone
  fi
}

# run_pg_rewind: false also when it finds nothing to do: the role worker has seen that the histories differ.
run_pg_rewind() {
  local output status=0
  output="$(
    PGPASSFILE="$replication_pgpass_file" LC_ALL=C pg_rewind --target-pgdata "$data_dir" --no-ensure-shutdown \
      --source-server "$(member_connection "${rejoin[host]}" "${rejoin[port]}") dbname=postgres" 2>&1
  )" || status=$?
  printf '%s\n' "$output" >&2
  ((status == 0)) && [[ "$output" != *'no rewind required'* ]]
}

# cluster_state: as pg_control says, such as "shut down", "shut down in recovery", "in production".
cluster_state() {
  LC_ALL=C pg_controldata "$data_dir" | sed -n 's/^Database cluster state: *//p'
}
