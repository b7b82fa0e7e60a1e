# shellcheck shell=bash
#
# The log goes to the container's output and to a file. The file is kept below a bound by starting it again.

readonly log_limit_bytes=$((64 * 1024 * 1024))

# log_pump: copies standard input to both, until its last writer has gone; signals for the entry point do not end it.
log_pump() {
  trap '' TERM INT HUP
  bound_log
  keep_log_bounded </dev/null >/dev/null 2>&1 &
  local keeper=$!
  tee -a "$log_file"
  kill -KILL "$keeper"
}

keep_log_bounded() {
  open_silence
  while true; do
    read -r -t 10 -u "$silence" || true
    bound_log
  done
}

# bound_log: tee appends, so the file can be cut under it; one older file is kept.
bound_log() {
  local size=0
  if [[ -f "$log_file" ]]; then
    size="$(stat -c %s "$log_file")"
  fi
  if ((size > log_limit_bytes)); then
    cp "$log_file" "$log_file.1"
    : >"$log_file"
  fi
}
