# shellcheck shell=bash
#
# What was handed over cannot be made anew here, and a changed bit of it would only show as a server that nobody answers. So cluster/checks
# has a checksum of each such file: `<checksum> <bytes> <name>` a line, two while a file is changed. One that is not as it was written is set
# aside as `<name>.damaged`, and handed over again by npm start.

# write_checked <path> <content> [...]: durable, with their checksums; after a crash in between either content is right.
write_checked() {
  local -a notes=() new=()
  local i
  for ((i = 1; i < $#; i += 2)); do
    new+=("$(printf '%s' "${@:i+1:1}" | cksum) $(basename "${@:i:1}")")
  done
  read_checks
  write_checks "${notes[@]}" "${new[@]}"
  for ((i = 1; i < $#; i += 2)); do
    durable_write "${@:i:2}"
  done
  replace_checks "${new[@]}"
}

# miss_checked <path>: it counts as damaged until it is handed over again: no file has this checksum.
miss_checked() {
  replace_checks "0 0 ${1##*/}"
}

# replace_checks <lines...>: in place of those of the same files.
replace_checks() {
  local -a notes=() kept=()
  local note
  read_checks
  for note in "${notes[@]}"; do
    [[ " $* " == *" ${note##* } "* ]] || kept+=("$note")
  done
  write_checks "${kept[@]}" "$@"
}

# write_checks <lines...>: each once.
write_checks() {
  local line text=''
  for line in "$@"; do
    [[ $'\n'"$text" == *$'\n'"$line"$'\n'* ]] || text+="$line"$'\n'
  done
  durable_write "$checks_file" "$text"
}

# read_checks: fills the caller's `notes`; nothing of a file that is damaged itself.
read_checks() {
  local -a files=()
  local note
  notes=()
  [[ -f "$checks_file" ]] || return 0
  name_checked_files
  mapfile -t notes <"$checks_file"
  for note in "${notes[@]}"; do
    [[ "$note" =~ ^[0-9]+\ [0-9]+\ [a-z._]+$ && " ${files[*]} " == *" ${note##* } "* ]] || notes=()
  done
}

# name_checked_files: fills the caller's `files` with the names of all that have a checksum when they are there.
name_checked_files() {
  files=("${secret_files[@]}" "$initial_cluster_file" "$settings_file")
  files=("${files[@]##*/}")
}

# damaged_secrets: names of the files that are not as they were written, each with a space behind it; nothing when all are.
damaged_secrets() {
  local -a notes=()
  local -A right=()
  local note found name
  read_checks
  ((${#notes[@]} > 0)) || return 0
  found="$(cd "$cluster_dir" && cksum "${notes[@]##* }" 2>/dev/null)" || true # one may be gone
  for note in "${notes[@]}"; do
    [[ $'\n'"$found"$'\n' != *$'\n'"$note"$'\n'* ]] || right["${note##* }"]=yes
  done
  for name in "${notes[@]##* }"; do
    if [[ -z "${right["$name"]:-}" ]]; then
      printf '%s ' "$name"
      right["$name"]=told
    fi
  done
}

# handing_over: what to do about them; nothing when there are none.
handing_over() {
  local names
  names="$(damaged_secrets)"
  if [[ -n "$names" ]]; then
    printf '%s in %s is damaged or gone: npm start hands it over again' "${names% }" "$cluster_dir"
  fi
}

# set_damaged_aside: and make what can be made again. A disk that does not take it is no reason to end: with data on a full disk of its own
# a server still answers reads, and votes.
set_damaged_aside() {
  if [[ ! -d "$cluster_dir" ]] || is_as_written; then
    return 0
  fi
  run_step mend_handed_over
  ((child_status == 0)) || note "what was handed over cannot be mended now ($(step_failure)); goes on with what is there"
}

is_as_written() {
  local -a unchecked=()
  find_unchecked
  ((${#unchecked[@]} == 0)) && [[ -z "$(damaged_secrets)" ]] && ! has_damaged_identifier &&
    says "$replication_pgpass_file" "$(replication_pgpass)"$'\n'
}

# find_unchecked: fills the caller's `unchecked` with the names of the files that are there without a checksum.
find_unchecked() {
  local -a notes=() files=()
  local name
  unchecked=()
  read_checks
  name_checked_files
  for name in "${files[@]}"; do
    [[ ! -f "$cluster_dir/$name" || " ${notes[*]##* } " == *" $name "* ]] || unchecked+=("$name")
  done
}

# mend_handed_over: not while somebody hands it over.
mend_handed_over() {
  local lock damaged
  drop_damaged_identifier
  exec {lock}<"$cluster_dir"
  flock -n "$lock" || return 0
  damaged="$(damaged_secrets)"
  move_damaged_aside "$damaged"
  if has_secrets && [[ -z "$damaged" ]]; then
    begin_checks
    write_pgpass
  fi
}

# move_damaged_aside <names>
move_damaged_aside() {
  local name
  for name in $1; do
    if [[ -f "$cluster_dir/$name" ]]; then
      note "$name in $cluster_dir is not as it was written, and is not used: npm start hands it over again"
      durable_rename "$cluster_dir/$name" "$cluster_dir/$name.damaged"
    fi
  done
}

# begin_checks: a volume of an older version has none yet, and one whose checks are damaged has lost them: they begin with what is there.
begin_checks() {
  local -a unchecked=() new=()
  find_unchecked
  ((${#unchecked[@]} > 0)) || return 0
  mapfile -t new < <(cd "$cluster_dir" && cksum "${unchecked[@]}")
  replace_checks "${new[@]}"
}

# drop_damaged_identifier: it is taken from the data again, which its incarnation and that of the Raft state show to be this server's.
drop_damaged_identifier() {
  if has_damaged_identifier && is_own_data; then
    note "$system_identifier_file is not as it was written, and is made anew"
    durable_remove "$system_identifier_file"
  fi
}

# has_damaged_identifier: the system identifier has its checksum in the next line, but for that of an older version.
has_damaged_identifier() {
  local text='' identifier check
  [[ -f "$system_identifier_file" ]] || return 1
  IFS= read -r -d '' text <"$system_identifier_file" || true
  { read -r identifier; read -r check; } <<<"$text" || true
  [[ ! "$identifier" =~ ^[0-9]+$ || "$text" != *$'\n' ]] ||
    [[ -n "$check" && "$check" != "$(printf '%s' "$identifier" | cksum)" ]]
}
