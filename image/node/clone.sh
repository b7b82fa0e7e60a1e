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

# clone_data <host> <port>: a step of the loop. Never -R: its postgresql.auto.conf would win over role.conf (R5).
clone_data() {
  local host="$1" port="$2" new_id
  begin_new_data
  PGPASSFILE="$replication_pgpass_file" pg_basebackup --pgdata "$new_data_dir" --wal-method stream --checkpoint fast \
    --no-password --label "clone of $PGRAFT_NAME" --dbname "$(clone_connection "$host" "$port")" ||
    fail "copying the data of $host:$port failed; see pg_basebackup's message in the log, it is tried again"
  rm -f "$new_data_dir/pgraft.incarnation"
  adopt_new_data "$new_id"
}

# clone_connection <host> <port>: a connection that notices within 10 s that the other server is gone.
clone_connection() {
  printf "host='%s' port=%s user=pgraft_replication application_name='%s_clone' connect_timeout=5 " "$1" "$2" "$PGRAFT_NAME"
  printf 'keepalives_idle=3 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000'
}
