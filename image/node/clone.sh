# shellcheck shell=bash
#
# The data of another server: pg_basebackup, which works from a server in recovery, too.

command_clone() {
  local host="$1" port="$2"
  [[ "$host" =~ ^[A-Za-z0-9._-]+$ ]] || fail "'$host' is no host name; give a name or an IPv4 address"
  if [[ ! "$port" =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
    fail "'$port' is no port; give a number from 1 to 65535"
  fi
  request "clone $host $port"
}

# clone_data <host> <port>: a step of the loop.
clone_data() {
  local host="$1" port="$2" new_id kept copied
  begin_new_data
  copy_data "$host" "$port"
  kept="$(read_line "$system_identifier_file")"
  copied="$(system_identifier "$new_data_dir")"
  [[ -z "$kept" || "$copied" == "$kept" ]] ||
    fail "the data of $host:$port has system identifier $copied, the lost data of this volume had $kept; name a server of this cluster, or remove the volume"
  adopt_new_data "$new_id"
}

# copy_data <host> <port>: into main.new. Never -R: its postgresql.auto.conf would win over role.conf (R5).
copy_data() {
  local problem status=0
  PGPASSFILE="$replication_pgpass_file" LC_ALL=C pg_basebackup --pgdata "$new_data_dir" --wal-method stream --checkpoint fast \
    --no-password --label "clone of $PGRAFT_NAME" --dbname "$(member_connection "$1" "$2")" 2>"$copy_output_file" || status=$?
  cat "$copy_output_file" >&2
  if ((status != 0)); then
    problem="$(copy_problem)"
    fail "copying the data of $1:$2 failed (${problem:-pg_basebackup ended with status $status}); it is tried again"
  fi
  rm -f "$copy_output_file" "$new_data_dir/pgraft.incarnation"
}

# copying <host> <port>: for `state`. One attempt follows the other, so it also says why the last one failed.
copying() {
  local problem
  problem="$(copy_problem)"
  printf 'copies the data of %s:%s%s' "$1" "$2" "${problem:+, again ($problem)}"
}

# copy_problem: what ended the last attempt, and what to do where that is known; nothing when there was none, or it came to its end.
copy_problem() {
  local problem
  [[ -s "$copy_output_file" ]] || return 0
  problem="$(grep -m 1 'error: ' "$copy_output_file" || tail -n 1 "$copy_output_file")"
  problem="${problem##*error: }"
  printf '%s' "$problem"
  case "$problem" in
    *': No space left on device' | *': Disk quota exceeded' | *': Read-only file system') printf ': %s' "$(remedy_for "${problem##*: }")" ;;
  esac
}
