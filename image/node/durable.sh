# shellcheck shell=bash
#
# Files that a power failure must not tear: written aside, fsynced, renamed, the directory fsynced.

# durable_write <path> <content>: leaves a file alone that says the same already.
durable_write() {
  local path="$1" content="$2" aside="$1.new"
  if says "$path" "$content"; then
    return 0
  fi
  printf '%s' "$content" >"$aside"
  sync "$aside"
  durable_rename "$aside" "$path"
}

# says <path> <content>: whether the file is there, with just that. (A zero byte ends what is read, and is in no text.)
says() {
  local text
  [[ -f "$1" ]] || return 1
  ! IFS= read -r -d '' text <"$1" && [[ "$text" == "$2" ]]
}

# durable_rename <from> <to>, both in one directory; a directory is renamed only over nothing or an empty one.
durable_rename() {
  mv -fT "$1" "$2"
  sync "${2%/*}"
}

# durable_remove <path...>, all in one directory; what is not there is no error.
durable_remove() {
  rm -f "$@"
  sync "${1%/*}"
}

# remove_directory <path>: with all that is in it; nothing there is no error.
remove_directory() {
  if [[ -e "$1" ]]; then
    rm -rf "$1"
    sync "${1%/*}"
  fi
}

# make_private_directory <path...>: 0700, with its parents.
make_private_directory() {
  local path
  for path in "$@"; do
    if [[ ! -d "$path" ]]; then
      mkdir -p "$path"
      sync "$path" "${path%/*}"
    fi
  done
}

# read_line <path>: its first line; nothing when there is no file.
read_line() {
  local line=''
  if [[ -f "$1" ]]; then
    IFS= read -r line <"$1" || true # a last line without an end is a line too
  fi
  printf '%s' "$line"
}
