# shellcheck shell=bash
#
# Waiting that a signal ends at once: no child process sleeps for us, so bash runs its trap within a twentieth of a second.
# Times are milliseconds.

stopping=0     # told to end
child_status=0 # of the last child waited for

# clock: sets `now`, milliseconds since the machine's start, which no change of the date moves.
clock() {
  local uptime rest
  read -r uptime rest </proc/uptime
  now=$((10#${uptime/./} * 10))
}

# tick: a twentieth of a second, in which traps run.
tick() {
  [[ -n "${silence:-}" ]] || open_silence
  read -r -t 0.05 -u "$silence" || true
}

# open_silence: `silence` becomes a pipe that never has anything to read. A named one, gone at once: waiting for the process behind
# a substitution once waited for ever.
open_silence() {
  local pipe
  pipe="$(mktemp -u "${TMPDIR:-/tmp}/pgraft-silence.XXXXXX")"
  mkfifo -m 0600 "$pipe"
  exec {silence}<>"$pipe"
  rm -f "$pipe"
}

# pause_for <ms>: less when told to end.
pause_for() {
  clock
  local until=$((now + $1))
  while ((!stopping && now < until)); do
    tick
    clock
  done
}

# is_alive <pid>: a child that has ended and was not waited for yet is not.
is_alive() {
  local stat=''
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat="${stat##*) }"
  [[ "${stat:0:1}" != Z ]]
}

# wait_gone <pid> <ms>: true when the process has ended in time.
wait_gone() {
  clock
  local until=$((now + $2))
  while is_alive "$1"; do
    clock
    ((now < until)) || return 1
    tick
  done
}

# run_step <function> [arguments]: in a child, so that SIGTERM is heard meanwhile; its status goes to child_status.
# Never called in a condition: bash would ignore `set -e` in the child, too.
run_step() {
  rm -f "$failure_file"
  step_failure_file="$failure_file" "$@" &
  local pid=$!
  while is_alive "$pid"; do
    if ((stopping)); then
      kill -TERM "$pid" 2>/dev/null || true
    fi
    tick
  done
  child_status=0
  wait "$pid" || child_status=$?
}

# step_failure: why the last step failed, in one line.
step_failure() {
  local reason
  reason="$(read_line "$failure_file")"
  printf '%s' "${reason:-it ended with status $child_status and no message; see the log}"
}
