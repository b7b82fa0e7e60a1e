# shellcheck shell=bash
#
# What is rewound replays from where the last common checkpoint began. pg_rewind 17 keeps this server's WAL back to that checkpoint's
# record only: of what lies between the two it removes what the primary has recycled, and PostgreSQL would wait for it for ever.
# So the segments are linked beside the data before, and those that are missing put back. All of them are older than the fork.

# keep_wal: hard links, which need no room.
keep_wal() {
  remove_directory "$kept_wal_dir"
  make_private_directory "$kept_wal_dir"
  find "$data_dir/pg_wal" -maxdepth 1 -type f -regex '.*/[0-9A-F]*' -exec ln -t "$kept_wal_dir" {} +
}

# restore_wal: false when a segment is neither here nor kept: the data cannot be used then. (In a condition: each status counts.)
restore_wal() {
  local first last segment
  read_segment_size "$data_dir" || return 1
  first="$(label_segment 'START WAL LOCATION')" || return 1
  last="$(label_segment 'CHECKPOINT LOCATION')" || return 1
  for ((segment = first; segment < last; segment++)); do
    restore_segment "$segment" || return 1
  done
  sync "$data_dir/pg_wal"
}

# label_segment <key>: the number of the segment that it names in pg_rewind's backup_label.
label_segment() {
  local label
  label="$(cat "$data_dir/backup_label")" || return 1
  [[ "$label" =~ $1:\ ($lsn_pattern) ]] || return 1
  printf '%s' $(($(lsn_number "${BASH_REMATCH[1]}") / segment_size))
}

# restore_segment <number>: of whatever timelines there were.
restore_segment() {
  local rest path found=1
  set_segment_rest rest "$1"
  for path in "$kept_wal_dir/"????????"$rest"; do
    [[ -f "$path" ]] || continue
    [[ -e "$data_dir/pg_wal/${path##*/}" ]] || ln "$path" "$data_dir/pg_wal/" || return 1
  done
  for path in "$data_dir/pg_wal/"????????"$rest"; do
    [[ ! -f "$path" ]] || found=0
  done
  return "$found"
}
