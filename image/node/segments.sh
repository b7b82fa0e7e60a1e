# shellcheck shell=bash
#
# Segments of WAL: files of one size, which the data directory has from initdb. Small ones make a failover short: each promotion copies
# the segment of its fork, and each standby makes a new one, before the first commit (docs/performance.md).

# Megabytes, of new data; that of older images has PostgreSQL's 16.
new_segment_size=4
segment_size=0

# read_segment_size <data directory>: into segment_size, in bytes; 1 when the control file does not tell.
read_segment_size() {
  segment_size="$(LC_ALL=C pg_controldata "$1" 2>/dev/null | sed -n 's/^Bytes per WAL segment: *\([0-9]\{1,10\}\)$/\1/p')"
  ((segment_size > 0))
}

# segment_file <variable> <data directory> <timeline> <LSN>: sets it to the path.
segment_file() {
  local number rest
  set_lsn_number number "$4"
  set_segment_rest rest $((number / segment_size))
  printf -v "$1" '%s/pg_wal/%08X%s' "$2" "$3" "$rest"
}

# segment_after <segment file>: the next one of its timeline.
segment_after() {
  local name="${1##*/}" rest share=$(((1 << 32) / segment_size))
  set_segment_rest rest $((16#${name:8:8} * share + 16#${name:16:8} + 1))
  printf '%s/%s%s' "${1%/*}" "${name:0:8}" "$rest"
}

# set_segment_rest <variable> <number>: the name behind the timeline's eight digits; the segments of 4 GB of WAL share the first eight of it.
set_segment_rest() {
  local share=$(((1 << 32) / segment_size))
  printf -v "$1" '%08X%08X' $(($2 / share)) $(($2 % share))
}
