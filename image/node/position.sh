# shellcheck shell=bash
#
# How far the data goes (safety.md R1, R2), read from the disk: for the last resort, where no majority is left that could compare, and
# nothing streams any more.

command_position() {
  local data=whole term=0 lsn='' witness=()
  find_loss
  if ! has_data; then
    data=none
  elif [[ "$loss" == clone || -n "$(refusal)" ]] || rejoin_working; then
    data=doubtful
  else
    if rejoin_incomplete; then
      data=incomplete
      read -r -a witness <<<"$(witness_position)"
    fi
    if read_segment_size "$data_dir"; then
      read -r term lsn <<<"$(position_on_disk "$data_dir")"
    elif [[ "$data" == whole ]]; then
      data=doubtful
    fi
  fi
  printf '%s=%s\n' data "$data" term "$term" lsn "$lsn" witness_term "${witness[0]:-0}" witness_lsn "${witness[1]:-}" \
    raft_term "$(highest_term)"
}

# witness_position: `<term> <LSN>` of the data that was here before it was rewound or cloned (R3). read_rejoin has read it.
witness_position() {
  local link term=0 link_term fork end
  end="$(lsn_number "${rejoin[end]}")"
  for link in "${rejoin_links[@]}"; do
    read -r _ link_term fork _ <<<"$link"
    if (($(lsn_number "$fork") < end)); then
      term="$link_term"
    fi
  done
  printf '%s %s' "$term" "${rejoin[end]}"
}

# highest_term: of the chain and of the Raft state, so far as they are here.
highest_term() {
  local highest file term
  highest="$(newest_promotion "$data_dir/pgraft.chain")"
  for file in "$raft_dir"/raft/metadata?; do
    [[ -f "$file" ]] || continue
    term="$(od -An -t u8 -j 16 -N 8 "$file" | tr -d ' ')" # libraft's: format, version, term, vote, of 8 bytes each
    if [[ "$term" =~ ^[0-9]{1,18}$ ]] && ((term > highest)); then
      highest="$term"
    fi
  done
  printf '%s' "$highest"
}

# newest_promotion <chain file>: the term of its last link; 0 without any.
newest_promotion() {
  local newest=0 term
  while read -r _ term _; do
    [[ "$term" =~ ^[0-9]{1,18}$ ]] && newest="$term"
  done < <(chain_links "$1")
  printf '%s' "$newest"
}

# chain_links <chain file>: oldest first, without comments.
chain_links() {
  if [[ -f "$1" ]]; then
    sed -E '/^[[:space:]]*(#|$)/d' "$1"
  fi
}

# position_on_disk <data directory>: `<term> <LSN>`. A link counts only with WAL of its own behind its fork: it is written before that comes.
position_on_disk() {
  local timeline term fork parent oldest=1 end best=0 cap=$((0x7fffffffffffffff))
  while read -r timeline term fork parent _; do
    fork="$(lsn_number "$fork")"
    end="$(end_of_timeline "$1" "$timeline")"
    if ((end > fork)); then
      print_position "$term" "$best" "$end" "$cap"
      return
    fi
    best=$((end > best ? end : best))
    cap="$fork"
    oldest="$parent"
  done < <(chain_links "$1/pgraft.chain" | tac)
  print_position 0 "$best" "$(end_of_timeline "$1" "$oldest")" "$cap"
}

# print_position <term> <at least> <end of WAL> <where its history left that timeline>
print_position() {
  local end=$(($3 < $4 ? $3 : $4))
  end=$((end > $2 ? end : $2))
  printf '%s %X/%X' "$1" $((end >> 32)) $((end & 0xffffffff))
}

# end_of_timeline <data directory> <timeline>: behind its last valid record, as a number; 0 without one. Segments that were made or
# kept for later hold no valid record. Files are named to pg_waldump: of a directory it reads any first, which may be such a one.
end_of_timeline() {
  local path segments last=''
  while read -r path; do
    (($(last_record "$path") > 0)) || continue
    segments=("$path")
    [[ ! -f "$(segment_after "$path")" ]] || segments+=("$(segment_after "$path")") # the last record may end there
    last="$(pg_waldump "${segments[@]}" 2>/dev/null | tail -n 1)" || true           # it ends with an error
    break
  done < <(find "$1/pg_wal" -maxdepth 1 -type f -regex ".*/$(printf '%08X' "$2")[0-9A-F]*" | sort -r)
  end_of_record "$last"
}

# end_of_record <line of pg_waldump>: pages of 8 kB begin with a header of 24 bytes, that of a segment with one of 40.
end_of_record() {
  local at left room
  if [[ ! "$1" =~ len\ \(rec/tot\):\ *[0-9]+/\ *([0-9]+),.*\ lsn:\ ([0-9A-F]+/[0-9A-F]+), ]]; then
    printf '0'
    return
  fi
  left=$(((BASH_REMATCH[1] + 7) / 8 * 8))
  at="$(lsn_number "${BASH_REMATCH[2]}")"
  while true; do
    room=$((8192 - at % 8192))
    ((left > room)) || break
    left=$((left - room))
    at=$((at + room))
    at=$((at + (at % segment_size == 0 ? 40 : 24)))
  done
  at=$((at + left))
  if [[ "$1" == *'desc: SWITCH'* ]]; then
    at=$(((at + segment_size - 1) / segment_size * segment_size))
  fi
  printf '%s' "$at"
}
