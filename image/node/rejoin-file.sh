# shellcheck shell=bash
#
# pgraft/rejoin: the role worker asks for data that fits the primary's, and is told there how far that went (docs/architecture.md).
# One `key value` a line. `end` and the `link` lines are the position that this server had before its data was touched (R3): they
# are carried through as they came.

declare -A rejoin=()
rejoin_links=()

# regular expressions, without spaces
readonly lsn_pattern='[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}'
declare -rA rejoin_patterns=(
  [how]='(rewind|clone)'
  [state]='(requested|working|done)'
  [data]='(whole|incomplete)'
  [node]='[0-9]{1,9}'
  [host]='[A-Za-z0-9._-]+'
  [port]='[0-9]{1,5}'
  [term]='[0-9]{1,18}'
  [until]="$lsn_pattern"
  [end]="$lsn_pattern"
)
readonly rejoin_keys=(how state data node host port term until end)
readonly rejoin_link_pattern="^[0-9]+ [0-9]+ $lsn_pattern [0-9]+ [0-9]+$"

# read_rejoin: fills rejoin and rejoin_links; false, with the reason in rejoin_problem, when the file cannot be understood.
read_rejoin() {
  local key value
  rejoin=()
  rejoin_links=()
  rejoin_problem=''
  while read -r key value; do
    if [[ "$key" == link && "$value" =~ $rejoin_link_pattern ]]; then
      rejoin_links+=("$value")
    elif [[ -n "${rejoin_patterns[${key:-none}]:-}" && -z "${rejoin[$key]:-}" && "$value" =~ ^${rejoin_patterns[$key]}$ ]]; then
      rejoin[$key]="$value"
    else
      rejoin_problem="the line '$key $value'"
      return 1
    fi
  done <"$rejoin_file" || {
    rejoin_problem='no text that can be read'
    return 1
  }
  for key in "${rejoin_keys[@]}"; do
    if [[ -z "${rejoin[$key]:-}" ]]; then
      rejoin_problem="no line '$key'"
      return 1
    fi
  done
}

write_rejoin() {
  durable_write "$rejoin_file" "$(rejoin_lines)"$'\n'
}

rejoin_lines() {
  local key link
  for key in "${rejoin_keys[@]}"; do
    printf '%s %s\n' "$key" "${rejoin[$key]}"
  done
  for link in "${rejoin_links[@]}"; do
    printf 'link %s\n' "$link"
  done
}

# set_rejoin <key> <value> [...]: durable when it returns.
set_rejoin() {
  while (($# > 0)); do
    rejoin[$1]="$2"
    shift 2
  done
  write_rejoin
}

# rejoin_state: none, requested, working or done; `damaged` when the file cannot be understood.
rejoin_state() {
  if [[ ! -e "$rejoin_file" ]]; then
    printf 'none'
  elif read_rejoin; then
    printf '%s' "${rejoin[state]}"
  else
    printf 'damaged'
  fi
}

# rejoin_pending: there is work to do before PostgreSQL may be started.
rejoin_pending() {
  [[ "$(rejoin_state)" == @(requested|working) ]]
}

# rejoin_working: the data directory is half rewound, or is just being exchanged.
rejoin_working() {
  [[ "$(rejoin_state)" == working ]]
}

# rejoin_incomplete: the data may be started, and is not yet as far as the primary's was when it was taken (R3).
rejoin_incomplete() {
  [[ -e "$rejoin_file" ]] && read_rejoin && [[ "${rejoin[state]}" == 'done' || "${rejoin[data]}" == incomplete ]]
}

# drop_rejoin_request: the data was not touched. What an earlier rejoin has left incomplete stays a witness of what it was before (R3).
drop_rejoin_request() {
  if rejoin_incomplete; then
    set_rejoin state 'done'
  else
    durable_remove "$rejoin_file"
  fi
}

# damaged_rejoin: what is wrong with the file; nothing when all is well.
damaged_rejoin() {
  if [[ -e "$rejoin_file" ]] && ! read_rejoin; then
    printf '%s' "$rejoin_problem"
  fi
}
