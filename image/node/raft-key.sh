# shellcheck shell=bash
#
# The keys that the members of the cluster prove to each other: one, or two while the key is changed. The first is the one that this server's
# challenges are made with; both are accepted (image/pgraft/core/keys.h).

# command_raft_key: a key a line from standard input, in place of those that are here. Told the same again it changes nothing.
command_raft_key() {
  local -a new_keys=()
  has_whole_secrets || fail "this node has no secrets yet, or damaged ones; run npm start, which hands them over again"
  read_raft_keys new_keys
  local lock
  exec {lock}<"$cluster_dir"
  flock -w 10 "$lock" || fail "another pgraft-node configure or raft-key has not finished in 10 s; try again when it has"
  check_step "${new_keys[@]}"
  write_checked "${secret_files[raft_key]}" "$(printf '%s\n' "${new_keys[@]}")"$'\n'
  reload_keys
}

# read_raft_keys <array>
read_raft_keys() {
  local -n keys="$1"
  local line
  while IFS= read -r line || [[ -n "$line" ]]; do
    [[ "$line" =~ ^([0-9a-f]{2}){16,64}$ ]] ||
      fail "line $((${#keys[@]} + 1)) is no key; give 16 to 64 bytes in lower-case hex a line"
    keys+=("$line")
  done
  ((${#keys[@]} == 1 || ${#keys[@]} == 2)) || fail "${#keys[@]} keys given; give one, or two while the key is changed"
  [[ "${keys[0]}" != "${keys[1]:-}" ]] || fail "the same key is given twice; give it once"
}

# check_step <key> [key]: servers that are told one after the other must understand each other meanwhile.
check_step() {
  local present
  present="$(read_line "${secret_files[raft_key]}")"
  if [[ " $* " != *" $present "* ]] || ! holds_secret raft_key "$1"; then
    fail "the key in use may not go, and a new one not be in use at once, or other members would take this one for a stranger; give the key in use and the new one, then the new one and the former, then the new one, each step to all members before the next"
  fi
}

# reload_keys: a server that does not run now reads the file when it starts.
reload_keys() {
  local pid
  pid="$(read_line "$data_dir/postmaster.pid")"
  if postgresql_runs && [[ "$pid" =~ ^[0-9]+$ ]]; then
    kill -HUP "$pid" 2>/dev/null || true # it may just have ended
  fi
}
