# shellcheck shell=bash
#
# Where no majority is left to remove a lost server (safety.md R4), somebody has to say which data is to go on: `recover` on that
# server, `forget` on all others, which then wait to be added to the new group. `npm run recover` asks for both.

readonly told_to_forget='it was told to leave its Raft group, for one that was formed anew'

# command_recover [term] [incomplete]: the new group begins above that term. The word says that nobody has whole data.
command_recover() {
  local term="${1:-0}" word="${2:-}"
  [[ "$term" =~ ^[0-9]{1,18}$ ]] || fail "'$term' is no term; give a number, or nothing"
  [[ -z "$word" || "$word" == incomplete ]] || fail "'$word' is not the word incomplete; give that, or nothing"
  expect_usable_data
  [[ -n "$word" ]] || ! rejoin_incomplete ||
    fail "the data here was rewound or cloned, and is not complete yet; recover from another server, or, if none has whole data, \
say pgraft-node recover $term incomplete"
  expect_no_majority
  ask_last_resort "recover $term"
}

command_forget() {
  has_whole_secrets || fail "this node has no secrets yet, or damaged ones; run npm start, which hands them over again"
  expect_no_majority
  ask_last_resort forget
}

expect_usable_data() {
  local reason
  reason="$(refusal)"
  [[ -z "$reason" ]] || fail "$reason"
  find_loss
  [[ "$loss" != clone ]] || fail "$loss_reason: it cannot go on with this data; recover from another server"
  ! rejoin_working || fail "the data here is half rewound or cloned; recover from another server"
}

# expect_no_majority: the only voter is one all by itself, also when it never becomes the primary; then nothing else helps.
expect_no_majority() {
  local stuck="state = 'leader' AND NOT writable AND (SELECT count(*) FROM pgraft_get_nodes() WHERE voter) = 1"
  postgresql_runs || return 0
  [[ "$(ask_own "SELECT quorum_met AND NOT ($stuck) FROM pgraft_get_cluster_status()")" != t ]] ||
    fail "a majority of the Raft group answers; use pgraft_remove_node() and pgraft_add_node() instead"
}

# ask_own <statement>: of PostgreSQL here; nothing when it does not answer.
ask_own() {
  PGCONNECT_TIMEOUT=2 PGOPTIONS='-c statement_timeout=2000' timeout 5 \
    psql -X -A -t -q --host "$socket_dir" --username postgres --dbname postgres --command "$1" 2>/dev/null </dev/null || true
}

ask_last_resort() {
  ask_loop "$last_resort_file" "$1"
}

# ask_loop <file> <what>: the loop does it, when PostgreSQL is down.
ask_loop() {
  local pid
  make_private_directory "$cluster_dir"
  durable_write "$1" "$2"$'\n'
  pid="$(read_line "$data_dir/postmaster.pid")"
  if postgresql_runs && [[ "$pid" =~ ^[0-9]+$ ]]; then
    kill -INT "$pid" 2>/dev/null || true # it may just have ended
  fi
}

# answer_last_resort: the loop's turn. Again from its beginning after a crash.
answer_last_resort() {
  local what term
  read -r what term <"$last_resort_file" || true
  case "$what" in
    recover)
      expect_highest "$term"
      renew_state "it goes on alone, as a new group, because it was told to"
      durable_remove "$rejoin_file" # nobody else is left to complete it from, and a witness is never promoted
      ;;
    forget) forget_all ;;
    *) note "$last_resort_file says '$what', which is neither recover nor forget: it is removed" ;;
  esac
  durable_remove "$last_resort_file"
}

# expect_highest <term>: above every term that was, also of an attempt that ended half way, the new group's begin.
expect_highest() {
  local term="$1" own earlier
  own="$(highest_term)"
  earlier="$(read_line "$recover_file")"
  earlier="${earlier#term=}"
  term=$((own > term ? own : term))
  make_private_directory "$raft_dir"
  durable_write "$recover_file" "term=$((${earlier:-0} > term ? ${earlier:-0} : term))"$'\n'
}

# forget_all: what is no usable data is cloned anew by itself.
forget_all() {
  if [[ -e "$recover_file" ]]; then
    durable_remove "$recover_file"
  fi
  find_loss
  if [[ "$loss" != clone ]] && has_data && ! rejoin_working; then
    renew_state "$told_to_forget"
  else
    forget_raft_state "$told_to_forget"
  fi
}
