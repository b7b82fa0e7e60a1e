# shellcheck shell=bash
#
# The entry point: get data or rejoin, prepare, run PostgreSQL, again, until SIGTERM.

command_run() {
  make_private_directory "$volume_dir"
  mkdir -p "$socket_dir" "$(dirname "$log_file")"
  require_environment
  exec > >(log_pump) 2>&1
  pump_pid=$!
  trap request_stop TERM INT
  trap drain_log EXIT
  trap 'note "${BASH_COMMAND%% *} failed in ${FUNCNAME[0]:-main}; what it said is in the line before"' ERR
  set_phase starting
  note "node $PGRAFT_NAME ($PGRAFT_NODE_ID) starts"
  lock_volume
  while ((!stopping)); do
    take_turn
  done
  note "node $PGRAFT_NAME has stopped"
}

# drain_log: the last lines are out before the container ends.
drain_log() {
  exec >/dev/null 2>&1
  wait_gone "$pump_pid" 2000 || true
}

# lock_volume: two containers on one volume would be two servers of one identity.
lock_volume() {
  clock
  local until=$((now + 30000))
  exec {volume_lock}<"$volume_dir"
  until flock -n "$volume_lock"; do
    set_phase starting "another container uses this volume; waits 30 s for its end"
    clock
    ((now < until)) || fail "another container still uses this volume after 30 s; stop it first"
    ((!stopping)) || exit 0
    tick
  done
}

take_turn() {
  local reason
  await_room || return 0
  set_damaged_aside
  reason="$(refusal)"
  find_loss
  if [[ -n "$reason" ]]; then
    wait_refused "$reason"
  elif [[ -s "$last_resort_file" ]]; then
    answer_last_resort
  elif [[ "$loss" == renew ]]; then
    renew_state "$loss_reason"
  elif [[ "$loss" == clone ]]; then
    clone_anew
  elif rejoin_pending; then
    rejoin_cluster
  elif has_data; then
    run_postgresql
  else
    get_data
  fi
}

wait_refused() {
  note "refused: $1"
  set_phase refused "$1"
  while ((!stopping)) && ! wanted_anew; do
    tick
  done
}

get_data() {
  local wanted
  set_phase waiting "no data yet: waits for pgraft-node configure and then initialize or clone"
  note "waits for initialize or clone: there is no data yet"
  while ((!stopping)) && [[ ! -s "$request_file" && ! -s "$last_resort_file" ]]; do
    if [[ ! -f "$token_file" ]] && is_configured; then
      return # no bootstrap's: it clones by itself
    fi
    tick
  done
  while ((!stopping)) && [[ -s "$request_file" ]] && ! has_data; do
    wanted="$(read_line "$request_file")" # a clone may be sent to another server meanwhile
    answer_request "$wanted"
  done
}

# answer_request <request>: one attempt; a failed one is shown, and tried again by the caller after a pause.
answer_request() {
  local what host port
  read -r what host port <<<"$1"
  case "$what" in
    initialize)
      set_phase initializing "makes the cluster's first data"
      run_step initialize_data
      ;;
    clone)
      set_phase cloning "$(copying "$host" "$port")"
      run_step clone_data "$host" "$port"
      ;;
    *) fail "$request_file says '$1', which is neither initialize nor clone; remove the file" ;;
  esac
  if ((!stopping && child_status != 0)); then
    set_phase "$(read_line "$phase_file")" "$(step_failure)"
    pause_for 2000
  fi
}

short_life_ms=2000 # what cannot start ends sooner; who was deposed or killed in between two failovers has been up for longer
failures=0         # postmasters in a row that ended as soon as that
hopeless_failures=3
last_end=''        # how the last one ended

run_postgresql() {
  local started lived
  prepare
  if rejoin_pending; then
    unlock_data
    return
  fi
  clock
  started="$now"
  start_postmaster
  set_phase running "$last_end" # shown until it accepts connections
  await_postmaster
  if ((stopping)); then
    set_phase stopping
    stop_postmaster
    return
  fi
  if rejoin_pending; then
    last_end="PostgreSQL was stopped (status $child_status): its data has to be made to fit the primary's first"
    set_phase rejoining "$last_end"
    note "$last_end"
    failures=0
    return
  fi
  clock
  lived=$((now - started))
  if ((lived < short_life_ms)); then
    failures=$((failures + 1))
  else
    failures=0
  fi
  last_end="$(describe_end "$lived")"
  note "$last_end"
  set_phase starting "$last_end"
  pause_for "$(restart_delay "$failures")"
}

# describe_end <ms that it lived>
describe_end() {
  local complaint
  complaint="$(last_complaint)"
  printf 'PostgreSQL ended with status %s after %s ms%s; it is started again as a standby' \
    "$child_status" "$1" "${complaint:+ ($complaint)}"
  if ((failures >= hopeless_failures)); then
    printf '; if that does not end, %s' "$(anew_remedy)"
  fi
}

# restart_delay <failures in a row>: milliseconds: none for a server that was up, then 100, doubled up to 5000.
restart_delay() {
  local ms=0
  if (($1 > 0)); then
    ms=$((100 << ($1 < 7 ? $1 - 1 : 6)))
  fi
  printf '%s' $((ms < 5000 ? ms : 5000))
}
