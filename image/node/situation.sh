# shellcheck shell=bash
#
# `state`: what is here and what the entry point does, for the bootstrap and for people.

command_state() {
  local data=none raft=none configured=no phase message='' lost
  if has_data || rejoin_working; then
    data=present
  fi
  has_raft_state && raft=present
  is_configured && configured=yes
  phase="$(current_phase)"
  lost="$(lost_state)"
  if [[ "$phase" != running ]]; then
    message="$(recorded_message)"
  elif [[ "$lost" == yes ]]; then
    message="waits to be added anew: $(read_line "$renewed_file")"
  else
    message="$(unwritable)" # PostgreSQL runs on without Raft
    message="${message:-$(handing_over)}"
  fi
  printf '%s=%s\n' \
    data "$data" \
    raft "$raft" \
    incarnation "$(incarnation_state)" \
    configured "$configured" \
    formation "$(formation_state)" \
    lost "$lost" \
    phase "$phase" \
    system_identifier "$(system_identifier "$data_dir")" \
    message "$message"
}

# lost_state: whether this server has lost what made it a member, and was not added again yet.
lost_state() {
  find_loss
  if [[ -e "$renewed_file" && ! -e "$formed_file" ]] || [[ -n "$loss" && (-s "$incarnation_file" || -f "$consumed_token_file") ]]; then
    printf 'yes'
  else
    printf 'no'
  fi
}

formation_state() {
  if [[ -f "$consumed_token_file" ]]; then
    printf 'consumed'
  elif [[ -f "$token_file" ]]; then
    printf 'token'
  else
    printf 'none'
  fi
}

# current_phase: as the loop noted it; `running` only while PostgreSQL accepts connections.
current_phase() {
  local phase
  phase="$(read_line "$phase_file")"
  if [[ "$phase" == running ]]; then
    case "$(postmaster_status)" in
      ready | standby) ;;
      stopping) phase=stopping ;;
      *) phase=starting ;;
    esac
  fi
  printf '%s' "${phase:-starting}"
}

# postgresql_runs: the loop has started it, and it has not ended.
postgresql_runs() {
  [[ "$(read_line "$phase_file")" == running ]]
}

recorded_message() {
  if [[ -f "$phase_file" ]]; then
    sed -n 2p "$phase_file"
  fi
}

# postmaster_status: as postmaster.pid says: starting, stopping, standby, ready; nothing without the file.
postmaster_status() {
  if [[ -f "$data_dir/postmaster.pid" ]]; then
    sed -n '8s/ *$//p' "$data_dir/postmaster.pid" 2>/dev/null || true # it may go in between
  fi
}

# system_identifier <data directory>: nothing where there is none that can be believed.
system_identifier() {
  local control
  if [[ -f "$1/global/pg_control" ]]; then
    control="$(LC_ALL=C pg_controldata "$1" 2>&1)" || true
    [[ "$control" == *'CRC checksum does not match'* ]] ||
      sed -n 's/^Database system identifier: *//p' <<<"$control"
  fi
}

# own_system_identifier: what this server had at its first start, whatever the data directory is now.
own_system_identifier() {
  if [[ -s "$system_identifier_file" ]]; then
    read_line "$system_identifier_file"
  else
    system_identifier "$data_dir"
  fi
}
