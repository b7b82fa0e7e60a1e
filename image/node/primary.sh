# shellcheck shell=bash
#
# The confirmed primary (R7): a member that holds the lease of the newest term, under a committed promotion of its own in that very
# term. Accepting connections outside of recovery is no proof: a paused or cut-off primary does so, too.

readonly confirmed_primary="
  SELECT s.promotion_term, s.node_id, c.system_identifier, pg_current_wal_flush_lsn()
  FROM pgraft_get_cluster_status() AS s, pg_control_system() AS c
  WHERE s.role = 'primary' AND s.writable AND s.promotion_node_id = s.node_id AND s.promotion_term = s.current_term"

readonly answer_pattern="^([0-9]+) ([0-9]+) ([0-9]+) ($lsn_pattern) ([^ ]+) ([0-9]+)$"

# find_primary: asks all members at once, 3 s at most; sets primary_term, primary_node, primary_system, primary_flush, primary_host,
# primary_port. False when none of the wanted term, or of a newer one, answers.
find_primary() {
  local newest
  newest="$(ask_members | sort -n | tail -n 1)"
  [[ "$newest" =~ $answer_pattern ]] || return 1
  primary_term="${BASH_REMATCH[1]}"
  primary_node="${BASH_REMATCH[2]}"
  primary_system="${BASH_REMATCH[3]}"
  primary_flush="${BASH_REMATCH[4]}"
  primary_host="${BASH_REMATCH[5]}"
  primary_port="${BASH_REMATCH[6]}"
  ((primary_term >= rejoin[term]))
}

# ask_members: a line for each that calls itself the confirmed primary.
ask_members() {
  local member members=() asking=()
  mapfile -t members < <(other_members | sort -u)
  for member in "${members[@]}"; do
    ask_member "${member% *}" "${member#* }" "$confirmed_primary" &
    asking+=($!)
  done
  wait "${asking[@]}"
}

# other_members: host and port of PostgreSQL of every member but this one, and of the server that the role worker named. Without a list
# of members, those that the bootstrap named.
other_members() {
  if [[ "${rejoin[host]}" != - ]]; then
    printf '%s %s\n' "${rejoin[host]}" "${rejoin[port]}"
  fi
  if [[ -s "$members_file" ]]; then
    listed_members
  else
    initial_members
  fi
}

# initial_members: of `<name>=<host>:<Raft port>,...`; PostgreSQL listens on the same port everywhere.
initial_members() {
  local member
  while IFS= read -r -d, member; do
    if [[ "$member" =~ ^([^=]+)=([A-Za-z0-9._-]+):[0-9]+$ && "${BASH_REMATCH[1]}" != "$PGRAFT_NAME" ]]; then
      printf '%s 5432\n' "${BASH_REMATCH[2]}"
    fi
  done <<<"$(read_line "$initial_cluster_file"),"
}

listed_members() {
  local id host port
  while read -r id host port; do
    if [[ "$id" != "$PGRAFT_NODE_ID" && "$host" =~ ^[A-Za-z0-9._-]+$ && "$port" =~ ^[0-9]+$ ]]; then
      printf '%s %s\n' "$host" "$port"
    fi
  done < <(cat "$members_file" && echo)
}

# ask_member <host> <port> <query>: prints its answer, host and port behind it; nothing when there is no row, or none in time.
ask_member() {
  local answer
  answer="$(
    PGPASSFILE="$replication_pgpass_file" PGCONNECT_TIMEOUT=2 PGOPTIONS='-c statement_timeout=2000' timeout 3 \
      psql -X -A -t -q -F ' ' --no-password --dbname "$(member_connection "$1" "$2") dbname=postgres" \
      --command "$3" 2>/dev/null </dev/null
  )" || return 0 # of no use now: it is asked again
  if [[ -n "$answer" ]]; then
    printf '%s %s %s\n' "$(one_line "$answer")" "$1" "$2"
  fi
}

# member_connection <host> <port>: one that notices within 10 s that the other server is gone.
member_connection() {
  printf "host='%s' port=%s user=pgraft_replication application_name='%s_clone' connect_timeout=5 " "$1" "$2" "$PGRAFT_NAME"
  printf 'keepalives_idle=3 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000'
}
