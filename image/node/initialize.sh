# shellcheck shell=bash
#
# The cluster's first data: asked for once, on one server of a cluster that has no data anywhere.

command_initialize() {
  request initialize
}

# request <what>: what the loop shall do when it has no data; the same again is no error.
request() {
  local wanted="$1" present reason
  is_configured || fail "this node has no secrets yet; run pgraft-node configure first"
  has_data && fail "there is data in $data_dir already; nothing was changed: remove the node's volume first if the data may go"
  reason="$(refusal)"
  [[ -z "$reason" ]] || fail "$reason"
  if [[ -s "$incarnation_file" ]] || has_raft_state; then
    fail "this server had data, and its Raft state is here: it copies its data anew by itself once a primary answers"
  fi
  present="$(read_line "$request_file")"
  if [[ -n "$present" && "${present%% *}" != "${wanted%% *}" ]]; then
    fail "this node was asked to '$present' already; let it finish, or remove its volume to begin anew"
  fi
  if [[ "$wanted" == initialize && -s "$system_identifier_file" ]]; then
    fail "this volume had data of the cluster with system identifier $(read_line "$system_identifier_file"), and it is lost; clone it from another server, or remove the volume to begin a new cluster"
  fi
  durable_write "$request_file" "$wanted"$'\n'
}

# initialize_data: a step of the loop. Fsyncs once, at the end: until the rename the data is nothing.
initialize_data() {
  local new_id
  begin_new_data
  initdb --pgdata "$new_data_dir" --no-sync --no-instructions --data-checksums --wal-segsize "$new_segment_size" --encoding UTF8 \
    --locale-provider builtin --locale C.UTF-8 --username postgres --pwfile "${secret_files[superuser_password]}" \
    --auth-local peer --auth-host scram-sha-256 >/dev/null ||
    fail "initdb failed; see the lines above it in the log"
  # template1 first: app is a copy of it
  single_user template1 < <(first_statements) || fail "making the roles and the database app failed; see the log"
  single_user postgres < <(postgres_statements) ||
    fail "CREATE EXTENSION pgraft or the grants for pg_rewind failed in database postgres; see the log"
  initdb --sync-only --pgdata "$new_data_dir" >/dev/null || fail "fsync of the new data failed; look at the volume's disk"
  adopt_new_data "$new_id"
}

# single_user <database>: run statements from standard input, one a line, without a server; the first error ends it.
# A failed statement is never logged: it may hold a password.
single_user() {
  postgres --single -F -D "$new_data_dir" -c exit_on_error=on -c log_min_error_statement=panic -c log_checkpoints=off \
    -c jit=off "$1" >/dev/null
}

first_statements() {
  local replication_password application_password
  replication_password="$(read_line "${secret_files[replication_password]}")"
  application_password="$(read_line "${secret_files[application_password]}")"
  printf '%s;\n' \
    'CREATE EXTENSION pgraft' \
    'CREATE ROLE pgraft_admin NOLOGIN' \
    "CREATE ROLE pgraft_replication LOGIN REPLICATION PASSWORD $(sql_literal "$replication_password")" \
    'GRANT pg_checkpoint TO pgraft_replication' \
    "CREATE ROLE app LOGIN PASSWORD $(sql_literal "$application_password")" \
    'CREATE DATABASE app OWNER app'
}

# What pg_rewind reads the primary's files with; a base backup lets the role read all of them anyway.
postgres_statements() {
  printf '%s;\n' 'CREATE EXTENSION pgraft'
  printf 'GRANT EXECUTE ON FUNCTION pg_catalog.%s TO pgraft_replication;\n' \
    'pg_ls_dir(text, boolean, boolean)' \
    'pg_stat_file(text, boolean)' \
    'pg_read_binary_file(text)' \
    'pg_read_binary_file(text, bigint, bigint, boolean)'
}

# sql_literal <text>: standard_conforming_strings is on, so only the apostrophe needs care.
sql_literal() {
  local apostrophe="'"
  printf "'%s'" "${1//$apostrophe/$apostrophe$apostrophe}"
}
