# shellcheck shell=bash
#
# What is lost, and what becomes of it (safety.md R4). Nothing is guessed: in each case this server is no member any more under the
# incarnation that it had. It gets a new one and waits; a leader with a majority removes the old one and adds it anew.
#
#   renew  the data is whole, its Raft state is lost or belongs to other data
#   clone  there is no data here that may be started

# find_loss: sets `loss` (renew, clone, or nothing) and `loss_reason`.
find_loss() {
  local damage
  loss=''
  loss_reason=''
  damage="$(damaged_rejoin)"
  if wanted_anew; then
    lose clone 'a new copy of its data was asked for'
  elif [[ -n "$damage" ]]; then
    lose clone "what the data has come to is unknown: $rejoin_file has $damage"
  elif rejoin_working; then
    find_loss_of_rejoin
  elif has_data; then
    find_loss_beside_data
  elif [[ -s "$incarnation_file" ]] || has_raft_state; then
    lose clone 'the data is lost but its Raft state is here'
  elif [[ ! -s "$request_file" && ! -f "$token_file" ]] && is_configured; then
    lose clone 'there is no data yet'
  fi
}

lose() {
  loss="$1"
  loss_reason="$2"
}

find_loss_of_rejoin() {
  local reason
  if [[ ! -s "$incarnation_file" ]]; then
    lose clone "the data is half rewound or cloned and its Raft state is lost (no $incarnation_file)"
    return
  fi
  reason="$(lost_log)"
  [[ -z "$reason" ]] || lose clone "the data is half rewound or cloned, and $reason"
}

find_loss_beside_data() {
  local damage reason
  damage="$(chain_damage "$data_dir/pgraft.chain")"
  if [[ ! -s "$data_incarnation_file" ]]; then
    lose clone "the data may not be whole (no $data_incarnation_file)"
  elif [[ -n "$damage" ]]; then
    lose clone "the data's chain of promotions $damage in $data_dir/pgraft.chain)"
  else
    reason="$(lost_raft_state)"
    [[ -z "$reason" ]] || lose renew "$reason"
  fi
}

# lost_raft_state: why what is beside whole data is not its Raft state; nothing when it is, or none was made yet.
lost_raft_state() {
  if [[ ! -s "$incarnation_file" && ! -s "$next_incarnation_file" ]]; then
    printf 'its Raft state is lost (no %s)' "$incarnation_file"
  elif [[ "$(incarnation_state)" != match ]]; then
    printf 'the data (incarnation %s) and the Raft state (incarnation %s) do not belong together' \
      "$(read_line "$data_incarnation_file")" "$(read_line "$incarnation_file")"
  else
    lost_log
  fi
}

# lost_log: by the files, or by the consensus worker's word. `formed` says that there was one; without it this server waits to be added.
lost_log() {
  if [[ -e "$lost_file" ]]; then
    printf 'its Raft state is lost: %s' "$(read_line "$lost_file")"
  elif [[ -e "$formed_file" && ! -e "$raft_dir/raft/metadata1" && ! -e "$raft_dir/raft/metadata2" ]]; then
    printf 'the Raft log is lost (nothing of it in %s, though this server is a member)' "$raft_dir/raft"
  elif [[ ! -e "$formed_file" && ! -e "$removed_file" && -f "$consumed_token_file" ]] &&
    [[ -e "$raft_dir/raft/metadata1" || -e "$raft_dir/raft/metadata2" ]]; then
    printf 'its Raft state is lost: whose it is is not known (no %s)' "$formed_file"
  fi
}
