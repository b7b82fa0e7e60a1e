# shellcheck shell=bash
#
# The image's health check: PostgreSQL accepts connections and both workers of pgraft are alive.

command_health() {
  local phase worker_state
  phase="$(current_phase)"
  [[ "$phase" == running ]] || fail "PostgreSQL does not run: $phase; $(recorded_message)"
  pg_isready --quiet --host "$socket_dir" --timeout 2 ||
    fail "PostgreSQL accepts no connections; see the log"
  worker_state="$(
    PGCONNECT_TIMEOUT=2 PGOPTIONS='-c statement_timeout=2000' psql -X -A -t -q --host "$socket_dir" \
      --username postgres --dbname postgres --command 'SELECT pgraft_get_worker_state()' 2>&1
  )" || fail "asking pgraft for its workers failed: $(one_line "$worker_state"); see the log"
  [[ "$worker_state" == running ]] || fail "the workers of pgraft are '$worker_state'; see the log"
}
