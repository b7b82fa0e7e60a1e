# shellcheck shell=bash
#
# `state`: what is here and what the entry point does, for the bootstrap and for people.

command_state() {
  local data=none raft=none configured=no phase message=''
  has_data && data=present
  has_raft_state && raft=present
  is_configured && configured=yes
  phase="$(current_phase)"
  [[ "$phase" == running ]] || message="$(recorded_message)"
  printf '%s=%s\n' \
    data "$data" \
    raft "$raft" \
    incarnation "$(incarnation_state)" \
    configured "$configured" \
    formation "$(formation_state)" \
    phase "$phase" \
    system_identifier "$(system_identifier)" \
    message "$message"
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

system_identifier() {
  if [[ -f "$data_dir/global/pg_control" ]]; then
    LC_ALL=C pg_controldata "$data_dir" 2>/dev/null | sed -n 's/^Database system identifier: *//p'
  fi
}
