# shellcheck shell=bash
#
# What the bootstrap hands over once: the cluster's servers, its secrets, and the one-time token that lets this server form it.
# Values come over standard input and stay in files of mode 0600: never in an argument, the environment or the log.

declare -A secret_files=(
  [raft_key]="$cluster_dir/raft.key"
  [superuser_password]="$cluster_dir/superuser.password"
  [replication_password]="$cluster_dir/replication.password"
  [application_password]="$cluster_dir/application.password"
)

command_configure() {
  local -A given=()
  read_settings given
  make_private_directory "$cluster_dir" "$raft_dir"
  local lock
  exec {lock}<"$cluster_dir"
  flock -w 10 "$lock" || fail "another pgraft-node configure has not finished in 10 s; try again when it has"
  check_secrets given
  check_token "${given[formation_token]:-}"
  write_settings given
  reload_keys # one that was damaged may be in use
}

# read_settings <associative array>: key=value lines from standard input; empty lines are skipped.
read_settings() {
  local -n settings="$1"
  local line key value
  while IFS= read -r line || [[ -n "$line" ]]; do
    [[ -n "$line" ]] || continue
    [[ "$line" == *=* ]] || fail "a line without '=' among the settings; give key=value lines"
    key="${line%%=*}"
    value="${line#*=}"
    case "$key" in
      initial_cluster | raft_key | second_raft_key | superuser_password | replication_password | application_password | formation_token) ;;
      *) fail "unknown setting '$key'; known are initial_cluster, raft_key, second_raft_key, superuser_password, replication_password, application_password, formation_token" ;;
    esac
    [[ -z "${settings[$key]+given}" ]] || fail "setting '$key' is given twice; give it once"
    [[ "$value" =~ ^[[:print:]]+$ ]] || fail "the value of '$key' is empty or has a control character; give printable text"
    settings["$key"]="$value"
  done
}

# check_secrets <associative array>: each secret is given or here already, and no other than the one that is here, whole.
check_secrets() {
  local -n wanted="$1"
  local key present damaged
  damaged="$(damaged_secrets)"
  for key in "${!secret_files[@]}"; do
    present="$(read_line "${secret_files[$key]}")"
    if is_named "$damaged" "${secret_files[$key]}"; then
      present=''
    fi
    if [[ -z "$present" && -z "${wanted[$key]:-}" ]]; then
      fail "'$key' is missing; give all of: ${!secret_files[*]}"
    fi
    if [[ -n "$present" && -n "${wanted[$key]:-}" ]] && ! holds_secret "$key" "${wanted[$key]}"; then
      fail "another '$key' is in use here, so this volume belongs to another cluster; use the first one, or remove the volume if its data may go"
    fi
  done
}

# holds_secret <key> <value>: raft_key may have two values, while it is changed (raft-key.sh).
holds_secret() {
  local line
  while IFS= read -r line || [[ -n "$line" ]]; do
    [[ "$line" != "$2" ]] || return 0
  done <"${secret_files[$1]}"
  return 1
}

# check_token <token or nothing>: a consumed token is never followed by another (R4).
check_token() {
  local consumed
  [[ -n "$1" && -f "$consumed_token_file" ]] || return 0
  consumed="$(read_line "$consumed_token_file")"
  [[ "$consumed" == "$1" ]] ||
    fail "this server has formed its cluster already and must not form another; remove it from the cluster and add it anew"
}

# write_settings <associative array>: the secrets last: a configured server without a token clones by itself.
write_settings() {
  local -n values="$1"
  local -a wanted_files=()
  local key damaged
  damaged="$(damaged_secrets)"
  if [[ -n "${values[initial_cluster]:-}" ]]; then
    wanted_files+=("$initial_cluster_file" "${values[initial_cluster]}"$'\n')
  fi
  if [[ -n "${values[formation_token]:-}" && ! -f "$consumed_token_file" ]]; then
    durable_write "$token_file" "${values[formation_token]}"$'\n'
  fi
  for key in "${!secret_files[@]}"; do
    if [[ -n "${values[$key]:-}" ]] && { [[ ! -s "${secret_files[$key]}" ]] || is_named "$damaged" "${secret_files[$key]}"; }; then
      wanted_files+=("${secret_files[$key]}" "$(secret_lines values "$key")"$'\n')
    fi
  done
  ((${#wanted_files[@]} == 0)) || write_checked "${wanted_files[@]}"
  write_pgpass
}

# is_named <names> <path>
is_named() {
  [[ " $1" == *" ${2##*/} "* ]]
}

write_pgpass() {
  durable_write "$replication_pgpass_file" "$(replication_pgpass)"$'\n'
}

# replication_pgpass: the replication password as libpq takes it.
replication_pgpass() {
  pgpass_line "$(read_line "${secret_files[replication_password]}")"
}

# secret_lines <associative array> <key>: a cluster whose key is being changed has two.
secret_lines() {
  local -n all="$1"
  printf '%s\n' "${all[$2]}"
  if [[ "$2" == raft_key && -n "${all[second_raft_key]:-}" ]]; then
    printf '%s\n' "${all[second_raft_key]}"
  fi
}

# pgpass_line <password>: for libpq, where ':' and '\' in a password are escaped.
pgpass_line() {
  local password="${1//\\/\\\\}"
  printf '*:*:*:pgraft_replication:%s' "${password//:/\\:}"
}

is_configured() {
  local path
  for path in "${secret_files[@]}" "$replication_pgpass_file"; do
    [[ -s "$path" ]] || return 1
  done
  [[ -z "$(damaged_secrets)" ]]
}

has_secrets() {
  local path
  for path in "${secret_files[@]}"; do
    [[ -s "$path" ]] || return 1
  done
}

# has_whole_secrets: whatever became of the other files that are handed over.
has_whole_secrets() {
  local path damaged
  damaged="$(damaged_secrets)"
  for path in "${secret_files[@]}"; do
    [[ -s "$path" ]] && ! is_named "$damaged" "$path" || return 1
  done
}

command_secret() {
  local path
  case "$1" in
    raft) path="${secret_files[raft_key]}" ;;
    superuser | replication | application) path="${secret_files[${1}_password]}" ;;
    *) fail "unknown secret '$1'; use superuser, replication, application or raft" ;;
  esac
  [[ -s "$path" ]] || fail "this node has no $1 secret yet; run pgraft-node configure"
  if [[ "$1" == raft ]]; then
    cat "$path" # two lines while the key is changed
  else
    printf '%s\n' "$(read_line "$path")"
  fi
}
