# shellcheck shell=bash
#
# Before a start: what the timelines on this disk say that pgraft.chain does not.
#
# A promotion by hand (safety.md R17) is one that the chain does not know, with WAL of its own. Pages may have changes of it, which
# recovery along the chain would neither see nor undo: the data is cloned, and what it was worth up to there stays as a witness (R3).
#
# A partial segment (R2): a server that has just begun to stream a new timeline has the segment of the fork twice, the older
# timeline's up to the fork and the new one's as far as it came. Recovery reads the new one's only, and would lose what the server
# has confirmed on the old one: the shorter of the two has to go.

# discard_hand_made <data directory>: asks for a clone when a timeline was made by hand.
discard_hand_made() {
  local directory="$1" path timeline fork
  local -A fork_of=() parent_of=()
  [[ ! -e "$rejoin_file" ]] || return 0
  read_chain "$directory/pgraft.chain"
  for path in "$directory"/pg_wal/*.history; do
    [[ -f "$path" ]] || continue
    timeline="${path##*/}"
    timeline="${timeline%.history}"
    if [[ "$timeline" =~ ^[0-9A-F]{8}$ && -z "${parent_of[$((16#$timeline))]:-}" ]] && has_segments "$directory" "$timeline"; then
      fork="$(fork_in_history "$path" "$(newest_of_chain "$directory/pgraft.chain")")"
      [[ -n "$fork" ]] ||
        fail "timeline $timeline in $directory was promoted by hand, and does not say where it left the cluster's history; \
remove the directory: the data is copied anew then"
      note "timeline $timeline was promoted by hand: the data is cloned anew"
      request_clone "$fork" "$directory/pgraft.chain"
      return
    fi
  done
}

# has_segments <data directory> <timeline in hex>
has_segments() {
  local path
  for path in "$1/pg_wal/$2"????????????????; do
    [[ -f "$path" ]] && return 0
  done
  return 1
}

# newest_of_chain <path>: the timeline of its last link; 1 without any, or without a file.
newest_of_chain() {
  local newest=1 timeline
  if [[ -f "$1" ]]; then
    while read -r timeline _; do
      [[ "$timeline" =~ ^[0-9]+$ ]] && newest="$timeline"
    done < <(cat "$1" && echo)
  fi
  printf '%s' "$newest"
}

# fork_in_history <path> <timeline>: where it was left.
fork_in_history() {
  awk -v timeline="$2" '$1 == timeline { print $2 }' "$1"
}

# request_clone <end LSN> <chain file>: of data that must not be started, by whoever is the primary.
request_clone() {
  local link
  rejoin=([how]=clone [state]=working [data]=incomplete [node]=0 [host]=- [port]=0 [term]=0 [until]=0/0 [end]="$1")
  rejoin_links=()
  if [[ -f "$2" ]]; then
    while read -r link; do
      rejoin_links+=("$link")
    done < <(sed '/^[[:space:]]*#/d' "$2" | tail -n 8)
  fi
  write_rejoin
}

# remove_partial_segments <data directory>: from the newest promotion back to the first that there is WAL of.
remove_partial_segments() {
  local directory="$1" timeline fork parent newer older removed=0
  [[ -f "$directory/pgraft.chain" ]] || return 0
  read_segment_size "$directory" || return 0 # PostgreSQL will say what is wrong with the control file
  while read -r timeline _ fork parent _; do
    segment_file newer "$directory" "$timeline" "$fork"
    segment_file older "$directory" "$parent" "$fork"
    [[ -f "$newer" ]] || continue
    ! has_record_at "$newer" "$fork" || break
    if [[ -f "$older" ]] && (($(last_record "$older") > $(last_record "$newer"))); then
      note "removing ${newer##*/}: ${older##*/}, of the timeline before, has more of what came before the fork"
      rm -f "$newer"
      removed=1
    fi
  done < <(sed -E '/^[[:space:]]*(#|$)/d' "$directory/pgraft.chain" | tac)
  if ((removed)); then
    sync "$directory/pg_wal"
  fi
}

# has_record_at <segment file> <LSN>: there, or behind it.
has_record_at() {
  pg_waldump --start "$2" --limit 1 "$1" >/dev/null 2>&1
}

# last_record <segment file>: where the last valid record in it begins, as a number; 0 when there is none.
last_record() {
  local lsn
  lsn="$(pg_waldump "$1" 2>/dev/null | sed -nE 's/.* lsn: ([0-9A-F]+\/[0-9A-F]+),.*/\1/p' | tail -n 1)" || true # it ends with an error
  printf '%s' "$(lsn_number "${lsn:-0/0}")"
}
