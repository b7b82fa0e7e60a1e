# shellcheck shell=bash
#
# The data copied anew from the confirmed primary. What is here stays whole until the copy is: then the two are exchanged by
# renaming. `main.old` is there from the first of the two renames until the new data is in place.

clone_data_again() {
  local term="${rejoin[term]}" node="${rejoin[node]}"
  set_phase rejoining "$(copying "${rejoin[host]}" "${rejoin[port]}"), primary of term $term"
  remove_directory "$new_data_dir"
  copy_data "${rejoin[host]}" "${rejoin[port]}"
  aim_at_primary # again, just before (R7)
  [[ -n "$aimed" ]] || return 0
  if [[ "${rejoin[term]}" != "$term" || "${rejoin[node]}" != "$node" ]]; then
    fail "the primary changed while its data was copied (now node ${rejoin[node]}, term ${rejoin[term]}); it is copied anew"
  fi
  set_rejoin state working
  exchange_data
}

# exchange_data: goes on where a crash has ended it.
exchange_data() {
  if [[ ! -d "$old_data_dir" ]]; then
    durable_rename "$data_dir" "$old_data_dir"
  fi
  if [[ ! -d "$data_dir" ]]; then
    durable_rename "$new_data_dir" "$data_dir"
  fi
  finish_rejoin
}
