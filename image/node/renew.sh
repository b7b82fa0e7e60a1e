# shellcheck shell=bash
#
# Data whose Raft state is lost: a new incarnation on both sides, and PostgreSQL is started to wait for being added. Where it is not
# complete yet, that stays known: the last resort prefers whole data, and nobody is promoted with it (R3).

renew_state() {
  local why="$1"
  note "begins anew as a server that waits to be added: $why"
  make_private_directory "$raft_dir"
  durable_write "$next_incarnation_file" "$(new_incarnation)"$'\n'
  forget_raft_state "$why"
  drop_rejoin_request
  durable_write "$data_incarnation_file" "$(read_line "$next_incarnation_file")"$'\n'
  finish_adoption
}

# forget_raft_state <why>: the incarnation first: a crash from there on finds Raft state that is lost. It never forms a group again.
forget_raft_state() {
  durable_remove "$incarnation_file"
  remove_directory "$raft_dir/raft"
  durable_remove "$formed_file" "$established_file" "$promised_file" "$lost_file"
  use_token_up
  durable_write "$renewed_file" "$1"$'\n'
}

use_token_up() {
  if [[ -f "$token_file" ]]; then
    durable_rename "$token_file" "$consumed_token_file"
  elif [[ ! -f "$consumed_token_file" ]]; then
    durable_write "$consumed_token_file" 'renewed without a token'$'\n'
  fi
}

# forget_renewal: once it has been added, nobody asks why it once had to be.
forget_renewal() {
  if [[ -e "$renewed_file" && -e "$formed_file" ]]; then
    durable_remove "$renewed_file"
  fi
}
