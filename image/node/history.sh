# shellcheck shell=bash
#
# Timeline history files (safety.md R1): timeline numbers repeat, so a .history file in pg_wal may tell of a timeline that this
# server's data never was on, and a stale one would not be fetched again. Only what pgraft.chain confirms is kept.
#
# pgraft.chain: one promotion a line, oldest first: timeline term fork_lsn parent_timeline node_id; fork 0/0 while unknown. Its first
# line, a comment, has the checksum of those behind it.
# A .history file: one ancestor a line: timeline, the LSN where it was left, why.

# remove_foreign_histories <data directory>
remove_foreign_histories() {
  local directory="$1" path removed=0
  local -A fork_of=() parent_of=() confirmed=()
  read_chain "$directory/pgraft.chain"
  for path in "$directory"/pg_wal/*.history; do
    [[ -f "$path" ]] || continue
    if ! history_in_chain "$path"; then
      note "removing ${path##*/}: it is not in this data's chain of promotions"
      rm -f "$path"
      removed=1
    fi
  done
  if ((removed)); then
    sync "$directory/pg_wal"
  fi
}

readonly chain_check_label='# timeline term fork_lsn parent_timeline node_id, crc32 '

# chain_damage <path>: what is wrong with it, as core/chain_file.c would say; nothing when all is well, or without a file.
chain_damage() {
  local line first
  [[ -f "$1" ]] || return 0
  line="$(bad_chain_line "$1")"
  first="$(read_line "$1")"
  if [[ ! -s "$1" ]]; then
    printf 'is empty (nothing'
  elif [[ -n "$line" ]]; then
    printf "has a line that is none ('%s'" "$(one_line "$line")"
  elif [[ "$first" == "$chain_check_label"* && "${first#"$chain_check_label"}" != "$(crc32_behind_first_line "$1")" ]]; then
    printf 'is not as it was written (another checksum'
  elif [[ -n "$(tail -c 1 "$1")" ]]; then
    printf "is cut off (no line end after '%s'" "$(tail -n 1 "$1")"
  fi
}

# crc32_behind_first_line <path>: that of gzip, which ends with it and the size.
crc32_behind_first_line() {
  tail -n +2 "$1" | gzip -c | tail -c 8 | od -An --endian=little -t x4 -N 4 | tr -d ' '
}

# bad_chain_line <path>: the first line that is no promotion; nothing when all are, or without a file.
bad_chain_line() {
  if [[ -f "$1" ]]; then
    # grep's status 1 is the good case: no such line
    grep -m 1 -vE '^[[:space:]]*(#.*)?$|^[0-9]+ +[0-9]+ +[0-9A-Fa-f]+/[0-9A-Fa-f]+ +[0-9]+ +[0-9]+ *$' "$1" || (($? == 1))
  fi
}

# read_chain <path>: fills the caller's fork_of and parent_of, by timeline number; no file is an empty chain.
read_chain() {
  local path="$1" timeline fork parent
  [[ -f "$path" ]] || return 0
  while read -r timeline _ fork parent _; do
    [[ -n "$timeline" && "$timeline" != '#'* ]] || continue
    fork_of["$timeline"]="$fork"
    parent_of["$timeline"]="$parent"
  done < <(cat "$path" && echo)
}

# history_in_chain <path>: its own timeline is in the chain, and no step of it, back to the first, contradicts the chain. PostgreSQL makes
# a history of its parent's, an empty line and one step: where the parent's is in the caller's `confirmed`, the step is left to look at.
history_in_chain() {
  local name="${1##*/}" own timeline ancestor left lines text known last i steps=0
  name="${name%.history}"
  [[ "$name" =~ ^[0-9A-F]{8}$ ]] || return 1
  own=$((16#$name))
  [[ -n "${parent_of[$own]:-}" ]] || return 1
  mapfile -t lines <"$1"
  ((${#lines[@]} > 0)) || return 1
  printf -v text '%s\n' "${lines[@]}"
  known="${confirmed[${parent_of[$own]}]:-}"
  last="${lines[-1]}"
  if [[ -n "$known" && "$text" == "$known"$'\n'"$last"$'\n' ]]; then
    lines=("$last")
  fi
  timeline="$own"
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    [[ "${lines[i]}" =~ ^[[:space:]]*([0-9]+)[[:space:]]+([^[:space:]]+) ]] || continue
    ancestor="${BASH_REMATCH[1]}"
    left="${BASH_REMATCH[2]}"
    if [[ -n "${parent_of[$timeline]:-}" ]]; then
      [[ "${parent_of[$timeline]}" == "$ancestor" ]] || return 1
      same_lsn "${fork_of[$timeline]}" "$left" || return 1
    fi
    timeline="$ancestor"
    steps=$((steps + 1))
  done
  ((steps > 0)) || return 1
  confirmed["$own"]="$text"
}

# same_lsn <chain's> <history's>: equal as numbers; the chain writes 0/0 before it knows. Without a subshell: every file of a history is
# asked for every one of its ancestors.
same_lsn() {
  [[ "$2" =~ ^[0-9A-Fa-f]+/[0-9A-Fa-f]+$ ]] || return 1
  local known told
  set_lsn_number known "$1"
  set_lsn_number told "$2"
  ((known == 0 || known == told))
}

# lsn_number <X/X>: to calculate with.
lsn_number() {
  local number
  set_lsn_number number "$1"
  printf '%s' "$number"
}

# set_lsn_number <variable> <X/X>
set_lsn_number() {
  printf -v "$1" '%s' $(((16#${2%/*} << 32) + 16#${2#*/}))
}
