# shellcheck shell=bash
#
# Settings of which a server in recovery must have at least the primary's value (R20). Every start is one in recovery, so a lowered value
# would end them all. It takes effect where the primary says so in its WAL: a server starts with what its data asks for, until that is
# less. The primary itself takes the lowered value at a start that it was told of: without queries in recovery, nothing asks for more.

# The names in postgresql.conf, PostgreSQL's defaults, and how pg_controldata calls them.
readonly limit_names=(max_connections max_worker_processes max_prepared_transactions max_locks_per_transaction)
declare -rA limit_defaults=(
  [max_connections]=100 [max_worker_processes]=8 [max_prepared_transactions]=0 [max_locks_per_transaction]=64
)
declare -rA limit_labels=(
  [max_connections]='max_connections setting' [max_worker_processes]='max_worker_processes setting'
  [max_prepared_transactions]='max_prepared_xacts setting' [max_locks_per_transaction]='max_locks_per_xact setting'
)

lowering=0 # whether this start is the one that takes lowered values

# command_lower: the next start takes lowered values, whatever the data asks for. For the server that is promoted again.
command_lower() {
  durable_write "$lower_file" "asked for $(date -u +%FT%TZ)"$'\n'
}

# take_lower_request: once, whatever comes of it: the start after it is as every other.
take_lower_request() {
  lowering=0
  if [[ -e "$lower_file" ]]; then
    lowering=1
    durable_remove "$lower_file"
    note "takes lowered settings: no queries in recovery, until it is promoted"
  fi
}

# limit_settings: lines for those of which the data asks for more than is configured.
limit_settings() {
  ((!lowering)) || return 0
  local control name asked configured
  control="$(LC_ALL=C pg_controldata "$data_dir" 2>/dev/null)" || return 0 # PostgreSQL will say what is wrong with it
  for name in "${limit_names[@]}"; do
    [[ $'\n'"$control"$'\n' =~ $'\n'"${limit_labels[$name]}: "\ *([0-9]+)$'\n' ]] || continue
    asked="${BASH_REMATCH[1]}"
    set_configured_limit configured "$name"
    if ((configured < asked)); then
      setting "$name" "$asked"
    fi
  done
}

# set_configured_limit <variable> <name>: as the cluster settings have it, the last line of a name counts; else PostgreSQL's default. What is no
# number is PostgreSQL's to refuse.
set_configured_limit() {
  local line found='' other=''
  while IFS= read -r line; do
    if [[ "$line" =~ ^"$2 = '"([0-9]{1,9})"'"$ ]]; then
      found="${BASH_REMATCH[1]}"
    elif [[ "$line" == "$2 = "* ]]; then
      other=999999999
    fi
  done <<<"${PGRAFT_POSTGRES_SETTINGS:-}"
  found="${found:-${other:-${limit_defaults[$2]}}}"
  printf -v "$1" '%d' "$((10#$found))"
}
