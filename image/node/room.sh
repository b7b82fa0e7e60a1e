# shellcheck shell=bash
#
# Nothing is done here before the disk takes what is written: a server that was stopped because its disk is full, or cannot be written any
# more, must not end in a loop of restarts of PostgreSQL, or of its container.

# await_room: false, with the reason in `state`, while the disk does not take it; the loop comes again.
await_room() {
  local reason
  reason="$(unwritable)"
  [[ -n "$reason" ]] || return 0
  set_phase starting "$reason; PostgreSQL is started as soon as it can be"
  if [[ "$reason" != "$last_unwritable" ]]; then
    note "$reason; waits until it can be"
    last_unwritable="$reason"
  fi
  pause_for 500
  return 1
}
last_unwritable=''

# unwritable: why what is needed for a start cannot be written, and what to do; nothing when it can. With data on a full disk of its own
# PostgreSQL still answers reads, and this server votes.
unwritable() {
  unwritable_in "$raft_dir" 65536 || unwritable_in "$version_dir" 0 || true
}

# unwritable_in <directory> <bytes>: true, and says why, when a file of that size cannot be there.
unwritable_in() {
  local directory="$1" problem
  [[ -d "$directory" ]] || directory="$volume_dir"
  problem="$(write_problem "$directory/pgraft.probe.$$" "$2")" # `state` may ask at the same time
  [[ -n "$problem" ]] || return 1
  printf '%s cannot be written (%s): %s' "$directory" "$problem" "$(remedy_for "$problem")"
}

# write_problem <path> <bytes>: the system's word for it.
write_problem() {
  local output status=0
  output="$(LC_ALL=C write_probe "$1" "$2" 2>&1)" || status=$?
  rm -f "$1" 2>/dev/null || true
  ((status == 0)) || printf '%s' "${output##*: }"
}

write_probe() {
  if (($2 > 0)); then
    printf "%$2s" '' >"$1" && sync "$1" # the room is given out no sooner than that
  else
    : >"$1"
  fi
}

remedy_for() {
  case "$1" in
    'No space left on device' | 'Disk quota exceeded') printf 'make room on its disk' ;;
    'Read-only file system') printf "see the kernel's log for the reason; what was repaired and mounted anew is seen after docker restart" ;;
    *) printf 'mend its disk, or the rights of the directory' ;;
  esac
}
