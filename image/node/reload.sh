# shellcheck shell=bash
#
# Settings that a server takes while it runs: kept in the volume, included by postgresql.conf, looked over before the reload.

readonly settings_errors="
  SELECT string_agg(format('%s = ''%s'': %s', name, setting, error), '; ')
  FROM pg_file_settings WHERE error IS NOT NULL AND sourcefile = :'file'"

# command_settings: lines of postgresql.conf from standard input; none: no settings. The same again changes nothing.
command_settings() {
  local text lock previous damaged=no problem
  text="$(settings_text)"
  make_private_directory "$cluster_dir"
  exec {lock}<"$cluster_dir"
  flock -w 10 "$lock" || fail "another pgraft-node has not finished in 10 s; try again when it has"
  previous="$(cat "$settings_file" 2>/dev/null || true)"
  ! is_named "$(damaged_secrets)" "$settings_file" || damaged=yes
  [[ "$damaged" == yes || "$text" != "$previous" ]] || return 0
  keep_settings "$text"
  postgresql_runs || return 0 # it takes them when it starts
  problem="$(settings_problem)" || {
    put_back "$previous" "$damaged"
    fail "PostgreSQL could not be asked whether the settings are right: $(one_line "$problem"); nothing was changed: deploy again when it accepts connections"
  }
  if [[ -n "$problem" ]]; then
    put_back "$previous" "$damaged"
    fail "$problem; nothing was changed: correct postgresSettings"
  fi
  local_query "SELECT pg_reload_conf()" >/dev/null || {
    put_back "$previous" "$damaged"
    fail "PostgreSQL could not be told to reload; nothing was changed: deploy again"
  }
}

# put_back <settings> <yes if they were damaged>: the server goes on without those, and asks for them again.
put_back() {
  if [[ "$2" == yes ]]; then
    miss_checked "$settings_file"
    durable_write "$settings_file" ''
  else
    keep_settings "$1"
  fi
}

# settings_text: what standard input has, each line a setting.
settings_text() {
  local line
  while IFS= read -r line || [[ -n "$line" ]]; do
    [[ "$line" =~ ^[a-z_][a-z0-9_.]*\ =\ \'.*\'$ && "$line" != *[[:cntrl:]]* ]] ||
      fail "'$line' is no setting; give lines such as work_mem = '8MB'"
    printf '%s\n' "$line"
  done
}

# keep_settings [lines]: an empty file for none: every process would note the lack of one in the log, at every reload.
keep_settings() {
  write_checked "$settings_file" "${1:+$1$'\n'}"
}

# have_settings: those that were kept; none where there never were any. Of those that were damaged the checksum stays, of what is to be handed
# over again.
have_settings() {
  [[ ! -e "$settings_file" ]] || return 0
  make_private_directory "$cluster_dir"
  if is_named "$(damaged_secrets)" "$settings_file"; then
    durable_write "$settings_file" ''
  else
    keep_settings ''
  fi
}

# settings_problem: what PostgreSQL says of the file as it is now; nothing when it takes all of it.
settings_problem() {
  local_query "$settings_errors" --set "file=$settings_file" 2>&1
}

# local_query <statement> [options of psql]
local_query() {
  local statement="$1"
  shift
  PGCONNECT_TIMEOUT=5 PGOPTIONS='-c statement_timeout=5000' psql -X -A -t -q --no-password --set ON_ERROR_STOP=1 \
    --host "$socket_dir" --username postgres --dbname postgres "$@" <<<"$statement;"
}
