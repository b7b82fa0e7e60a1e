# shellcheck shell=bash
#
# A server without data that it may start takes that of the confirmed primary, under a new incarnation, and waits to be added. What is
# here stays until the copy is whole; without its incarnation it is not started meanwhile, whatever ends this.

# clone_anew: the loop's turn. A bootstrap that comes along goes first.
clone_anew() {
  note "takes the primary's data, once there is one: $loss_reason"
  while ((!stopping)) && [[ "$loss" == clone && ! -s "$last_resort_file" ]]; do
    set_phase waiting "$(waiting_for_primary)"
    run_step clone_anew_step
    if ((!stopping && child_status == status_foreign)); then
      wait_refused "$(step_failure)"
    elif ((!stopping && child_status != 0)); then
      set_phase waiting "$(step_failure)"
      pause_for 2000
    fi
    find_loss
  done
}

waiting_for_primary() {
  printf '%s: waits for a confirmed primary, to copy its data' "$loss_reason"
}

# clone_anew_step: ends without having done anything when something else is to be done here.
clone_anew_step() {
  local term node
  lock_data
  if ! is_copied_anew; then
    await_any_primary || return 0
    expect_own_cluster
    term="$primary_term" node="$primary_node"
    set_phase cloning "$(copying "$primary_host" "$primary_port"), primary of term $term ($loss_reason)"
    begin_anew
    copy_data "$primary_host" "$primary_port"
    find_primary || fail "no confirmed primary answers any more; its data is copied anew once one does"
    if [[ "$primary_term" != "$term" || "$primary_node" != "$node" ]]; then
      fail "the primary changed while its data was copied (now node $primary_node, term $primary_term); it is copied anew"
    fi
    durable_write "$new_data_dir/pgraft.incarnation" "$(read_line "$next_incarnation_file")"$'\n'
  fi
  exchange_anew
}

# is_copied_anew: its incarnation is the last that the copy gets.
is_copied_anew() {
  [[ -s "$next_incarnation_file" && "$(read_line "$next_incarnation_file")" == "$(read_line "$new_data_dir/pgraft.incarnation")" ]]
}

# await_any_primary: false when asked for something else meanwhile.
await_any_primary() {
  rejoin=([host]=- [port]=0 [term]=0)
  until find_primary; do
    [[ ! -s "$request_file" && ! -f "$token_file" && ! -s "$last_resort_file" ]] || return 1
    pause_for 200
  done
}

expect_own_cluster() {
  local own
  own="$(own_system_identifier)"
  [[ -z "$own" || "$primary_system" == "$own" ]] ||
    refuse "the data here had system identifier $own, the primary at $primary_host:$primary_port has $primary_system: \
they are of different clusters; nothing was changed: give this server the volume of its own cluster"
}

# begin_anew: from here on nothing of what is here is ever started or votes.
begin_anew() {
  local new_id
  keep_system_identifier
  begin_new_data
  if [[ -d "$data_dir" ]]; then
    durable_remove "$data_incarnation_file"
  fi
  forget_raft_state "$loss_reason"
  durable_remove "$rejoin_file"
  durable_remove "$copy_anew_file"
}

exchange_anew() {
  if [[ -d "$data_dir" ]]; then
    remove_directory "$old_data_dir"
    durable_rename "$data_dir" "$old_data_dir"
  fi
  durable_rename "$new_data_dir" "$data_dir"
  finish_adoption
  remove_directory "$old_data_dir"
  note "the data is a new copy, and waits to be added to the cluster"
}
