# shellcheck shell=bash
#
# Rejoin (S7, safety.md R3, R7, R19): this server's history has forked from the primary's, or is too far behind. Its data is
# rewound or cloned from the confirmed primary, and never started in between: `state` in pgraft/rejoin says how far it is.
#
#   requested  the data is whole; when no primary answers, the request goes and the server runs on with what it has
#   working    the data may be half rewound, or is being exchanged; nothing else than finishing it is possible
#   done       whole again; the role worker removes the file once the data is complete

primary_search_ms=10000 # then a server whose data is whole runs on with it
readonly status_foreign=3

# rejoin_cluster: the loop's turn.
rejoin_cluster() {
  while ((!stopping)) && rejoin_pending && [[ ! -s "$last_resort_file" ]]; do
    set_phase rejoining "begins to $(rejoin_intent)"
    run_step rejoin_step
    if ((!stopping && child_status == status_foreign)); then
      wait_refused "$(step_failure)"
    elif ((!stopping && child_status != 0)); then
      set_phase rejoining "$(step_failure)"
      pause_for 2000
    fi
  done
  last_end=''
  if [[ ! -e "$rejoin_file" ]]; then
    last_end="no confirmed primary answered for $((primary_search_ms / 1000)) s, so the data was left as it is"
  fi
}

# rejoin_intent: what the role worker wants, for the message.
rejoin_intent() {
  read_rejoin
  if [[ "${rejoin[how]}" == rewind ]]; then
    printf 'rewind: the history of this data has forked from that of the primary of term %s' "${rejoin[term]}"
  else
    printf 'clone: the data cannot follow the primary of term %s, and is copied anew' "${rejoin[term]}"
  fi
}

# rejoin_step: in a child of the loop, so that SIGTERM ends it at any point.
rejoin_step() {
  read_rejoin
  lock_data
  if [[ "${rejoin[state]}" == working && -d "$old_data_dir" ]]; then
    exchange_data
    return
  fi
  remove_stale_locks
  remove_directory "$old_data_dir"
  remove_directory "$kept_wal_dir"
  if [[ "${rejoin[state]}" == working && "${rejoin[how]}" == rewind ]]; then
    note "an interrupted pg_rewind cannot be continued: clones instead"
    set_rejoin how clone
  fi
  aim_at_primary
  [[ -n "$aimed" ]] || return 0
  case "${rejoin[how]}" in
    rewind) rewind_data ;;
    clone) clone_data_again ;;
  esac
}

# aim_at_primary: the confirmed primary goes into the file, with its flush position, which the new data has to reach (R3). Sets
# `aimed`; nothing when there is none and the data is whole: the request is gone then. (No status: in a condition, bash would go on
# after a write that failed.)
aim_at_primary() {
  local own until
  aimed=''
  if ! await_primary; then
    note "no confirmed primary of term ${rejoin[term]} or newer answers; PostgreSQL is started with the data as it is"
    drop_rejoin_request
    return
  fi
  if [[ "${rejoin[how]}" == rewind ]] && ((primary_term > rejoin[term])); then
    leave_rewind
    return
  fi
  own="$(own_system_identifier)"
  [[ "$primary_system" == "$own" ]] ||
    refuse "the data here has system identifier ${own:-unknown}, the primary at $primary_host:$primary_port has $primary_system: \
they are of different clusters; nothing was changed: give this server the volume of its own cluster"
  until="$primary_flush"
  if ((primary_term == rejoin[term] && $(lsn_number "${rejoin[until]}") > $(lsn_number "$until"))); then
    until="${rejoin[until]}"
  fi
  set_rejoin node "$primary_node" host "$primary_host" port "$primary_port" term "$primary_term" until "$until"
  aimed=yes
}

# leave_rewind: that a rewind is enough was found for the history of one primary. In a newer one's the same timeline numbers may be of
# other promotions (R1), and pg_rewind would keep what is none of it.
leave_rewind() {
  if [[ "${rejoin[state]}" == requested ]]; then
    note "the primary of term ${rejoin[term]} was followed by one of term $primary_term: PostgreSQL is started to compare with that one"
    drop_rejoin_request
  else
    note "the primary of term ${rejoin[term]} was followed by one of term $primary_term: clones instead"
    set_rejoin how clone
  fi
}

# await_primary: as long as it takes when the data is not whole.
await_primary() {
  clock
  local until=$((now + primary_search_ms))
  until find_primary; do
    [[ ! -s "$last_resort_file" ]] || exit 0 # that goes first
    if [[ "${rejoin[state]}" == requested ]]; then
      set_phase rejoining "looks for the confirmed primary of term ${rejoin[term]} or newer"
      clock
      ((now < until)) || return 1
    else
      set_phase rejoining "the data is not whole and must not be started: waits for the confirmed primary of term ${rejoin[term]} or newer"
    fi
    pause_for 200
  done
}

# refuse '<cause>; <fix>': ends the step; the loop tries it no more.
refuse() {
  (fail "$1") || exit "$status_foreign"
}

# finish_rejoin: the new data is in place. Its incarnation stays that of the Raft state, which has not changed (decision 0007).
finish_rejoin() {
  durable_write "$data_incarnation_file" "$(read_line "$incarnation_file")"$'\n'
  start_in_recovery
  forget_primary
  set_rejoin state 'done'
  remove_directory "$old_data_dir"
  remove_directory "$kept_wal_dir"
  note "the data is whole again, taken from ${rejoin[host]}:${rejoin[port]}, primary of term ${rejoin[term]}"
}
