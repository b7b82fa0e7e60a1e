# shellcheck shell=bash
#
# What is said, and where: errors and progress to standard error, which the entry point sends on to the log.

# fail '<cause>; <fix>': say why, and end this process with status 1.
# A step of the entry point also leaves the sentence where the loop finds it, for `state`.
fail() {
  printf 'pgraft-node: %s\n' "$1" >&2
  if [[ -n "${step_failure_file:-}" ]]; then
    printf '%s\n' "$1" >"$step_failure_file"
  fi
  exit 1
}

# note '<sentence>': progress, in the entry point's log.
note() {
  printf '%(%F %T %Z)T pgraft-node: %s\n' -1 "$1" >&2
}

# set_phase <phase> [message]: what `state` shows.
set_phase() {
  local phase="$1" message="${2:-}"
  printf '%s\n%s\n' "$phase" "${message//$'\n'/ }" >"$phase_file.new"
  mv -fT "$phase_file.new" "$phase_file"
}

# one_line <text>: the text without line ends.
one_line() {
  printf '%s' "${1//$'\n'/ }"
}
