# shellcheck shell=bash
#
# Incarnations (safety.md R4): data and Raft state live and die together. A random id, made when a server gets its data, stands
# both beside the data and in the Raft directory. A clone writes its next id into the Raft directory first, and either is
# accepted, so that a crash at any point of it leaves a state that is told from a lost one.

incarnation_file="$raft_dir/incarnation"
next_incarnation_file="$raft_dir/incarnation.next"
data_incarnation_file="$data_dir/pgraft.incarnation"

has_data() {
  has_files "$data_dir"
}

has_raft_state() {
  has_files "$raft_dir/raft"
}

has_files() {
  compgen -G "$1/*" >/dev/null || compgen -G "$1/.[!.]*" >/dev/null
}

# incarnation_state: none (on neither side), match, mismatch. Data in the midst of a rejoin is this server's, though it bears none.
incarnation_state() {
  local beside_data beside_raft next
  beside_data="$(read_line "$data_incarnation_file")"
  beside_raft="$(read_line "$incarnation_file")"
  next="$(read_line "$next_incarnation_file")"
  if [[ -n "$beside_raft" ]] && rejoin_working; then
    printf 'match'
  elif [[ -z "$beside_data$beside_raft" ]]; then
    printf 'none'
  elif [[ -n "$beside_data" && ("$beside_data" == "$beside_raft" || "$beside_data" == "$next") ]]; then
    printf 'match'
  else
    printf 'mismatch'
  fi
}

# is_own_data: nobody else has such an id beside his data.
is_own_data() {
  local id
  id="$(read_line "$data_incarnation_file")"
  [[ -n "$id" && "$id" == "$(read_line "$incarnation_file")" ]]
}

# refusal: why what is here is neither started nor overwritten: it is not this cluster's. Nothing when it is, or was.
refusal() {
  local version foreign
  if ! has_data || [[ "$(rejoin_state)" == @(working|damaged) ]]; then
    return 0
  fi
  foreign="$(foreign_data)"
  version="$(read_line "$data_dir/PG_VERSION")"
  if [[ -n "$foreign" ]]; then
    printf 'the data in %s is of another cluster (system identifier %s, not %s); it was not touched: put the own data back, or move it away' \
      "$data_dir" "$foreign" "$(read_line "$system_identifier_file")"
  elif is_own_data; then
    wanted_anew || refusal_of_damaged
  elif [[ -z "$version" ]]; then
    printf '%s holds files that are no PostgreSQL data directory; they were not touched: move them away' "$data_dir"
  elif [[ "$version" != 17 ]]; then
    printf '%s' "$(foreign_version)"
  elif [[ ! -s "$data_incarnation_file" && ! -s "$system_identifier_file" ]]; then
    printf 'the data in %s was not made by this cluster (no pgraft.incarnation); it was not touched: move it away' "$data_dir"
  fi
}

foreign_version() {
  printf 'the data in %s is of PostgreSQL %s, not 17; it was not touched: move it away, or run it with its own version' \
    "$data_dir" "$(read_line "$data_dir/PG_VERSION")"
}

# refusal_of_damaged: of this server's own data.
refusal_of_damaged() {
  local damage
  damage="$(data_damage)"
  if [[ "$damage" == "$wrong_version"* && -s "$data_dir/PG_VERSION" ]]; then
    printf '%s; if it is PG_VERSION that is damaged, %s' "$(foreign_version)" "$(anew_remedy)"
  elif [[ -n "$damage" ]]; then
    printf 'the data is damaged (%s), and was not touched: %s' "$damage" "$(anew_remedy)"
  fi
}

# foreign_data: the data is of another cluster than what was first started here; prints its system identifier.
foreign_data() {
  local kept present
  kept="$(read_line "$system_identifier_file")"
  [[ -n "$kept" ]] || return 0
  present="$(system_identifier "$data_dir")"
  if [[ -n "$present" && "$present" != "$kept" ]]; then
    printf '%s' "$present"
  fi
}

new_incarnation() {
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# adopt_new_data <incarnation>: the whole, fsynced data in main.new becomes the data.
adopt_new_data() {
  durable_write "$new_data_dir/pgraft.incarnation" "$1"$'\n'
  sync "$new_data_dir"
  durable_rename "$new_data_dir" "$data_dir"
  finish_adoption
}

# finish_adoption: after a crash between the renames, too.
finish_adoption() {
  if [[ -s "$next_incarnation_file" ]]; then
    if [[ "$(read_line "$next_incarnation_file")" == "$(read_line "$data_incarnation_file")" ]]; then
      durable_rename "$next_incarnation_file" "$incarnation_file"
    else
      durable_remove "$next_incarnation_file" # of an attempt whose data never became whole
    fi
  fi
  if [[ -e "$request_file" ]]; then
    durable_remove "$request_file"
  fi
}

# begin_new_data: a clean place for new data, its next id in the Raft directory first; sets new_id.
begin_new_data() {
  make_private_directory "$version_dir" "$raft_dir"
  new_id="$(new_incarnation)"
  durable_write "$next_incarnation_file" "$new_id"$'\n'
  rm -rf "$new_data_dir"
}
