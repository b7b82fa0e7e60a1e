# shellcheck shell=bash
#
# pg_rewind: steps back to the fork and takes from the primary what has changed since. When it cannot, the server is cloned.

rewind_data() {
  if [[ "$(cluster_state)" != 'shut down' ]]; then
    begin_rewind
    recover_to_end
  fi
  [[ "${rejoin[how]}" == rewind ]] || return 0
  aim_at_primary # again, just before (R7)
  [[ -n "$aimed" ]] || return 0
  begin_rewind
  set_phase rejoining "rewinds to the history of ${rejoin[host]}:${rejoin[port]}, primary of term ${rejoin[term]}"
  if run_pg_rewind; then
    finish_rejoin
  else
    note "pg_rewind has not done it, its reason is in the lines above: clones instead"
    set_rejoin how clone
  fi
}

# begin_rewind: from here on the data is not whole; without its incarnation it would not be started even if pgraft/rejoin were lost.
begin_rewind() {
  set_rejoin state working
  durable_remove "$data_incarnation_file"
}

# recover_to_end: replay all WAL that is here, in single-user mode, which must not see standby.signal (R19). Also after a clean
# stop in recovery: pg_rewind would take that for complete, though pages may be newer than what was replayed, and miss them.
recover_to_end() {
  set_phase rejoining 'recovers from its own WAL, as pg_rewind needs it'
  write_configuration
  durable_remove "$data_dir/standby.signal" "$data_dir/recovery.signal"
  if ! postgres --single -F -D "$data_dir" -c config_file="$configuration_dir/postgresql.conf" -c shared_preload_libraries= \
    template1 </dev/null >/dev/null; then
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
