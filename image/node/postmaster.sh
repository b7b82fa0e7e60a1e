# shellcheck shell=bash
#
# PostgreSQL as a child in the background, so that the entry point hears signals meanwhile.

postmaster_pid=''
stop_checkpoint_ms=5000 # then it is stopped without
hand_over_ms=2000       # likewise
fast_stop_ms=20000      # then it is stopped at once
stop_signal=INT         # fast

# start_postmaster: restart_after_crash stands on the command line too, where ALTER SYSTEM cannot change it (R8).
start_postmaster() {
  local hot_standby=on
  ((!lowering)) || hot_standby=off # with it PostgreSQL would refuse lowered values (limits.sh)
  log_mark="$(stat -c %s "$log_file" 2>/dev/null || echo 0)"
  postgres -D "$data_dir" -c config_file="$configuration_dir/postgresql.conf" -c restart_after_crash=off \
    -c hot_standby="$hot_standby" \
    {volume_lock}<&- &
  postmaster_pid=$!
  unlock_data
}

# request_stop: the trap of SIGTERM. It signals PostgreSQL itself: the loop may be just about to wait for it.
request_stop() {
  stopping=1
  if [[ -n "$postmaster_pid" ]]; then
    if [[ "$(postmaster_status)" == ready ]]; then
      leave
    fi
    kill "-$stop_signal" "$postmaster_pid" 2>/dev/null || true
  fi
}

# leave: a primary hands over, so that nobody waits for the others to find out, and it has nothing to rewind when it comes back: what
# it would write while it shuts down is nobody else's. Deposed, it stops by itself, once its sessions know.
leave() {
  say_before_stop "$stop_checkpoint_ms" CHECKPOINT || # where it begins to recover when it comes back
    note "no checkpoint before the stop: the way back may take longer"
  if say_before_stop "$hand_over_ms" "$hand_over_query"; then
    stop_signal=QUIT
    wait_gone "$postmaster_pid" 1000 || true
  fi
}

# A standby has nothing to hand over; while failover is paused, this server stays the only one that may be promoted (R18).
readonly hand_over_query="SELECT pgraft_transfer_leadership() FROM pgraft_get_cluster_status() \
WHERE role = 'primary' AND failover_enabled AND num_nodes > 1"

# say_before_stop <milliseconds> <statement>: false when it fails, takes longer, or has no row.
say_before_stop() {
  local output
  output="$(PGOPTIONS="-c statement_timeout=$1" timeout $(($1 / 1000 + 1)) psql -X -A -t --no-password --host "$socket_dir" \
    --dbname postgres --command "$2" </dev/null {volume_lock}<&-)" && [[ -n "$output" ]]
}

# await_postmaster: until it has ended, or the entry point was told to stop; its status goes to child_status.
await_postmaster() {
  while ((!stopping)) && is_alive "$postmaster_pid"; do
    child_status=0
    wait "$postmaster_pid" 2>/dev/null || child_status=$? # without bash's own line about a killed child
  done
  if ((!stopping)); then
    postmaster_pid=''
  fi
}

# stop_postmaster: fast; immediate when that takes too long.
stop_postmaster() {
  clock
  local until=$((now + fast_stop_ms))
  while ((now < until)); do
    kill "-$stop_signal" "$postmaster_pid" 2>/dev/null || true # again and again: it is deaf at the very start
    wait_gone "$postmaster_pid" 500 && break
    clock
  done
  if is_alive "$postmaster_pid"; then
    note "PostgreSQL has not stopped in $((fast_stop_ms / 1000)) s; it is stopped at once and will recover from its WAL"
    kill -QUIT "$postmaster_pid" 2>/dev/null || true
    wait_gone "$postmaster_pid" 10000 || kill -KILL "$postmaster_pid" 2>/dev/null || true
  fi
  wait "$postmaster_pid" 2>/dev/null || true
}

# last_complaint: the last fatal message of the last run that was not of a session alone; a bad setting is named in the line before it.
last_complaint() {
  local line before='' complaint=''
  while read -r line; do
    case "$line" in
      FATAL*'contains errors') complaint="$before; ${line#*: }" ;;
      FATAL* | PANIC*) complaint="${line#*: }" ;;
    esac
    before="${line#*: }"
  done < <(tail -c "+$((log_mark + 1))" "$log_file" | tail -n 200 | sed -nE \
    -e 's/^[^]]*\[[0-9]+\] (LOG|FATAL|PANIC): +/\1: /p' -e 's/^[^]]*\[[0-9]+\] [^ ]+@[^ ]+ (PANIC): +/\1: /p')
  printf '%s' "$complaint"
}
