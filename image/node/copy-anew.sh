# shellcheck shell=bash
#
# Data that is damaged: `copy-anew` asks for that of the primary in its place. The server then begins anew, as one whose data is lost
# (clone-anew.sh): what is here stays until the copy is whole, and it votes for nobody until it was added again (R4).

# command_copy_anew: refused where that would cost more than the damage.
command_copy_anew() {
  local foreign
  has_whole_secrets || fail "this node has no secrets, or damaged ones; run npm start, which hands them over again"
  has_data || fail "there is no data in $data_dir: it is copied by itself, once a primary answers"
  foreign="$(foreign_data)"
  [[ -z "$foreign" ]] || fail "the data in $data_dir is of another cluster (system identifier $foreign); put the own data back, or move it away"
  expect_no_primary_here
  expect_others_suffice
  ask_loop "$copy_anew_file" 'asked for'
}

expect_no_primary_here() {
  postgresql_runs || return 0
  [[ "$(ask_own "SELECT role FROM pgraft_get_cluster_status()")" != primary ]] ||
    fail "this server is the primary; let another one take over first (npm run switchover), nothing was changed"
}

readonly voters_without_this="
  SELECT count(*) FILTER (WHERE node_id <> ${PGRAFT_NODE_ID:-0} AND state IN ('leader', 'follower')), count(*)
  FROM pgraft_get_nodes() WHERE voter"

# expect_others_suffice: by the word of a confirmed primary, who also is the one to copy from. While this server is added anew only they vote.
expect_others_suffice() {
  local -A rejoin=([host]=- [port]=0 [term]=0)
  local answer others voters
  find_primary || fail "no confirmed primary answers, so there is nothing to copy; nothing was changed: look at the other servers"
  answer="$(ask_member "$primary_host" "$primary_port" "$voters_without_this")"
  [[ "$answer" =~ ^([0-9]+)\ ([0-9]+)\  ]] ||
    fail "$primary_host:$primary_port does not say who votes; nothing was changed: try again"
  others="${BASH_REMATCH[1]}" voters="${BASH_REMATCH[2]}"
  ((others > voters / 2)) ||
    fail "without this server $others of $voters voters answer, which is no majority: nobody could add it again; nothing was changed: \
bring the others back first, or see npm run recover"
}

# wanted_anew: somebody asked for it, and it was not begun.
wanted_anew() {
  [[ -e "$copy_anew_file" ]]
}

# anew_remedy: what to do about damaged data.
anew_remedy() {
  local name="${PGRAFT_ADVERTISE_ADDRESS:-$HOSTNAME}"
  printf 'docker exec %s pgraft-node copy-anew gets a new copy from the primary' "${name%:*}"
}

readonly wrong_version='PG_VERSION does not say 17'

# data_damage: what of this server's own data can be seen to be damaged before a start; nothing when all looks well.
data_damage() {
  local control
  [[ "$(read_line "$data_dir/PG_VERSION")" == 17 ]] || {
    printf '%s in %s' "$wrong_version" "$data_dir"
    return
  }
  control="$(LC_ALL=C pg_controldata "$data_dir" 2>&1)" || {
    printf '%s' "$(one_line "${control#pg_controldata: error: }")"
    return
  }
  if [[ "$control" == *'CRC checksum does not match'* ]]; then
    printf '%s/global/pg_control has a wrong checksum' "$data_dir"
  else
    newest_commits_damage "$control"
  fi
}

# newest_commits_damage <what pg_controldata says>: recovery would take a missing file of pg_xact for one without a commit. Only the newest:
# older ones may be gone by what is replayed.
newest_commits_damage() {
  local newest segment path later size=0
  [[ "$1" =~ NextXID:\ *[0-9]+:([0-9]+) ]] || return 0
  newest=$((BASH_REMATCH[1] - 1))
  ((newest >= 3)) || return 0
  printf -v segment '%04X' $((newest >> 20)) # 2 bits each, 8 kB a page, 32 pages a file
  path="$data_dir/pg_xact/$segment"
  for later in "$data_dir/pg_xact/"[0-9A-F]*; do
    [[ ! -f "$later" || ! "${later##*/}" > "$segment" ]] || return 0
  done
  [[ ! -f "$path" ]] || size="$(stat -c %s "$path")"
  ((size >= ((newest & 0xfffff) / 32768 + 1) * 8192)) ||
    printf '%s is cut off or missing' "$path"
}
