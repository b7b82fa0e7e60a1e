/*
 * io_messages_test.c
 *	  Messages that would be libraft's end do not come to it; every other one does.  A follower in libraft's fixture, with our layer around its io;
 *	  what it hears is the test's.
 */
#include <stdlib.h>

#include "check.h"
#include "net/io.h"

#include <raft/fixture.h>

#define N_SERVERS 3
#define TEACHER	  2 /* the server whose messages the follower hears */

static struct raft_fixture fixture;
static PgraftIo layer;
static struct raft *follower;
static bool in_a_hurry; /* the next message comes before the disk has what this one brings */

static bool
always(void *arg)
{
	(void) arg;
	return true;
}

static bool
admits(void *arg, int32_t node_id)
{
	(void) arg;
	return node_id == TEACHER;
}

static void
heard(void *arg, int32_t node_id, raft_term term)
{
	(void) arg;
	(void) node_id;
	(void) term;
}

static void
fatal(const char *message)
{
	CHECK_TEXT(message, "nothing");
}

static int
apply(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result)
{
	(void) fsm;
	(void) buf;
	*result = NULL;
	return 0;
}

static int
snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n_bufs)
{
	(void) fsm;
	(void) bufs;
	*n_bufs = 0;
	return RAFT_NOMEM;
}

static int
restore(struct raft_fsm *fsm, struct raft_buffer *buf)
{
	(void) fsm;
	raft_free(buf->base);
	return 0;
}

static struct raft_fsm fsm = {.version = 1, .apply = apply, .snapshot = snapshot, .restore = restore};

static void
must(int rc)
{
	if (rc != 0)
		abort();
}

static void
begin(void)
{
	struct raft_configuration configuration;

	must(raft_fixture_init(&fixture));
	for (int i = 0; i < N_SERVERS; i++)
		must(raft_fixture_grow(&fixture, &fsm));
	follower = raft_fixture_get(&fixture, 0);
	layer = (PgraftIo){.self = 1, .pass_tick = always, .admits = admits, .leader_heard = heard, .fatal = fatal};
	pgraft_io_wrap(&layer, follower->io);
	must(raft_fixture_configuration(&fixture, N_SERVERS, &configuration));
	must(raft_fixture_bootstrap(&fixture, &configuration));
	raft_configuration_close(&configuration);
	must(raft_fixture_start(&fixture));
}

static void
end(void)
{
	raft_fixture_close(&fixture);
}

/* Its disk has what it was given, and what it has to say is said; too short for an election. */
static void
wait(void)
{
	raft_fixture_step_until_elapsed(&fixture, 50);
}

static void
hear(struct raft_message message)
{
	message.server_id = TEACHER;
	message.server_address = "2";
	pgraft_io_receive(follower->io, &message);
	if (!in_a_hurry)
		wait();
}

typedef struct Append
{
	raft_term term;
	raft_index after; /* the entry before those of the message, and its term */
	raft_term after_term;
	raft_index commit;
	raft_term entries[4]; /* the terms of its entries; 0: no more */
	bool changes;		  /* the second of them is a configuration */
} Append;

static void
put_configuration(struct raft_entry *entry)
{
	struct raft_configuration configuration;

	must(raft_fixture_configuration(&fixture, N_SERVERS, &configuration));
	must(raft_configuration_encode(&configuration, &entry->buf));
	raft_configuration_close(&configuration);
	entry->type = RAFT_CHANGE;
}

static void
hear_append(Append said)
{
	struct raft_message message = {.type = RAFT_APPEND_ENTRIES};
	struct raft_append_entries *append = &message.append_entries;
	struct raft_buffer change;

	append->term = said.term;
	append->prev_log_index = said.after;
	append->prev_log_term = said.after_term;
	append->leader_commit = said.commit;
	while (append->n_entries < 4 && said.entries[append->n_entries] != 0)
		append->n_entries++;
	if (append->n_entries > 0)
	{
		uint8_t *batch = raft_calloc(append->n_entries + 16, 8);

		append->entries = raft_calloc(append->n_entries, sizeof *append->entries);
		for (unsigned i = 0; i < append->n_entries; i++)
			append->entries[i] = (struct raft_entry){.term = said.entries[i],
													 .type = RAFT_COMMAND,
													 .buf = {.base = batch + 8 * i, .len = 8},
													 .batch = batch};
		if (said.changes)
		{
			struct raft_entry *entry = &append->entries[1];

			put_configuration(entry);
			change = entry->buf;
			entry->buf.base = memcpy(batch + 8 * append->n_entries, change.base, change.len);
			raft_free(change.base);
		}
	}
	hear(message);
}

static void
hear_snapshot(raft_term term, raft_index last_index, raft_term last_term)
{
	struct raft_message message = {.type = RAFT_INSTALL_SNAPSHOT};
	struct raft_install_snapshot *install = &message.install_snapshot;

	install->term = term;
	install->last_index = last_index;
	install->last_term = last_term;
	install->conf_index = 1;
	must(raft_fixture_configuration(&fixture, N_SERVERS, &install->conf));
	install->data = (struct raft_buffer){.base = raft_calloc(1, 8), .len = 8};
	hear(message);
}

/* Each message changes one of them at least, unless it does not come to libraft: its term. */
static void
check_stands(raft_term term, raft_index last, raft_index commit)
{
	CHECK_INT(raft_current_term(follower), term);
	CHECK_INT(raft_last_index(follower), last);
	CHECK_INT(raft_commit_index(follower), commit);
	CHECK_INT(follower->last_stored, last);
}

/* Entry 1 has term 1, 2 and 3 have term 2, 4 has term 3; all but the last are committed. */
static void
begin_with_four(void)
{
	begin();
	hear_append((Append){.term = 3, .after = 1, .after_term = 1, .commit = 3, .entries = {2, 2, 3}});
	check_stands(3, 4, 3);
}

TEST(entries_behind_another_one_than_is_committed_do_not_come_to_libraft)
{
	begin_with_four();
	hear_append((Append){.term = 4, .after = 3, .after_term = 3, .commit = 3, .entries = {3}});
	hear_append((Append){.term = 4, .after = 1, .after_term = 2, .commit = 3, .entries = {2}});
	check_stands(3, 4, 3);
	end();
}

TEST(a_heartbeat_behind_another_one_than_is_committed_does_not_come_to_libraft)
{
	begin_with_four();
	hear_append((Append){.term = 4, .after = 2, .after_term = 1, .commit = 3});
	check_stands(3, 4, 3);
	end();
}

TEST(entries_in_place_of_committed_ones_do_not_come_to_libraft)
{
	begin_with_four();
	hear_append((Append){.term = 4, .after = 1, .after_term = 1, .commit = 3, .entries = {2, 3, 3}});
	hear_append((Append){.term = 4, .after = 0, .entries = {2}});
	check_stands(3, 4, 3);
	end();
}

TEST(a_snapshot_that_ends_with_another_entry_than_is_committed_does_not_come_to_libraft)
{
	begin_with_four();
	hear_snapshot(4, 2, 1);
	check_stands(3, 4, 3);
	hear_snapshot(4, 3, 2);
	check_stands(4, 4, 3);
	end();
}

TEST(entries_in_place_of_others_that_are_not_committed_come_to_libraft)
{
	begin_with_four();
	hear_append((Append){.term = 4, .after = 2, .after_term = 2, .commit = 3, .entries = {2, 4, 4}});
	check_stands(4, 5, 3);
	end();
}

TEST(entries_behind_another_one_that_is_not_committed_are_rejected_by_libraft)
{
	begin_with_four();
	hear_append((Append){.term = 4, .after = 4, .after_term = 4, .commit = 3, .entries = {4}});
	check_stands(4, 4, 3);
	end();
}

TEST(a_leader_of_an_older_term_is_told_so_whatever_it_says)
{
	uint64_t sent;

	begin_with_four();
	sent = layer.counters.sent[RAFT_APPEND_ENTRIES_RESULT - 1];
	hear_append((Append){.term = 2, .after = 2, .after_term = 1, .commit = 3, .entries = {1}});
	hear_snapshot(2, 2, 1);
	check_stands(3, 4, 3);
	CHECK_INT(layer.counters.sent[RAFT_APPEND_ENTRIES_RESULT - 1], sent + 2);
	end();
}

/* libraft reads on behind the entries that there are. */
TEST(entries_from_the_first_on_do_not_come_to_libraft_when_its_log_begins_later)
{
	begin();
	hear_snapshot(2, 9, 2);
	check_stands(2, 9, 9);
	hear_append((Append){.term = 3, .after = 0, .commit = 9, .entries = {1, 2}});
	check_stands(2, 9, 9);
	hear_append((Append){.term = 3, .after = 9, .after_term = 2, .commit = 9, .entries = {3, 3}});
	check_stands(3, 11, 9);
	hear_append((Append){.term = 4, .after = 9, .after_term = 3, .commit = 9, .entries = {4}});
	check_stands(3, 11, 9);
	end();
}

TEST(what_is_committed_stays_so_when_entries_come_again)
{
	begin_with_four();
	hear_append((Append){.term = 3, .after = 1, .after_term = 1, .commit = 4, .entries = {2}});
	check_stands(3, 4, 3);
	hear_append((Append){.term = 3, .after = 0, .commit = 4});
	check_stands(3, 4, 3);
	hear_append((Append){.term = 3, .after = 4, .after_term = 3, .commit = 4});
	check_stands(3, 4, 4);
	end();
}

TEST(what_is_committed_stays_so_when_a_message_is_cut_off_before_a_configuration)
{
	begin_with_four();
	hear_append((Append){.term = 3, .after = 1, .after_term = 1, .commit = 9, .entries = {2, 2, 3}, .changes = true});
	check_stands(3, 4, 3);
	end();
}

/* libraft follows a null pointer at the entry behind it. */
TEST(an_entry_that_comes_back_before_it_is_written_does_not_come_to_libraft)
{
	begin();
	in_a_hurry = true;
	hear_append((Append){.term = 2, .after = 1, .after_term = 1, .entries = {2, 2}});
	hear_append((Append){.term = 3, .after = 1, .after_term = 1, .entries = {3}});
	hear_append((Append){.term = 4, .after = 1, .after_term = 1, .entries = {2}});
	hear_append((Append){.term = 4, .after = 1, .after_term = 1, .entries = {1, 2}});
	in_a_hurry = false;
	wait();
	check_stands(3, 2, 1);
	hear_append((Append){.term = 4, .after = 1, .after_term = 1, .entries = {2, 2, 4}});
	check_stands(4, 4, 1);
	end();
}

TEST(an_entry_that_comes_back_behind_another_one_does_not_come_to_libraft_before_it_is_written)
{
	begin();
	in_a_hurry = true;
	hear_append((Append){.term = 5, .after = 1, .after_term = 1, .entries = {3, 5}});
	hear_append((Append){.term = 6, .after = 1, .after_term = 1, .entries = {4, 5}});
	in_a_hurry = false;
	wait();
	check_stands(5, 3, 1);
	hear_append((Append){.term = 6, .after = 1, .after_term = 1, .entries = {4, 5}});
	check_stands(6, 3, 1);
	end();
}

TEST(entries_that_come_again_before_they_are_written_come_to_libraft)
{
	begin();
	in_a_hurry = true;
	hear_append((Append){.term = 2, .after = 1, .after_term = 1, .entries = {2, 2}});
	hear_append((Append){.term = 3, .after = 1, .after_term = 1, .entries = {2, 2, 3}});
	in_a_hurry = false;
	wait();
	check_stands(3, 4, 1);
	end();
}

/* libraft follows a null pointer. */
TEST(a_snapshot_waits_until_the_one_before_it_is_written)
{
	begin();
	in_a_hurry = true;
	hear_snapshot(2, 9, 2);
	hear_snapshot(2, 9, 2);
	hear_snapshot(2, 12, 2);
	in_a_hurry = false;
	wait();
	check_stands(2, 9, 9);
	hear_snapshot(2, 12, 2);
	check_stands(2, 12, 12);
	end();
}

TEST(a_leader_hears_of_no_other_one_of_its_term)
{
	begin();
	raft_fixture_elect(&fixture, 0);
	hear_append((Append){.term = 2, .after = 1, .after_term = 1, .entries = {2}});
	hear_snapshot(2, 9, 2);
	CHECK_INT(raft_state(follower), RAFT_LEADER);
	CHECK_INT(raft_last_index(follower), 1);
	end();
}

TEST(a_server_asks_for_votes_for_itself_only)
{
	struct raft_message message = {.type = RAFT_REQUEST_VOTE};
	struct raft_request_vote *vote = &message.request_vote;

	begin();
	vote->term = 5;
	vote->candidate_id = 3;
	vote->last_log_index = 1;
	vote->last_log_term = 1;
	hear(message);
	CHECK_INT(raft_voted_for(follower), 0);
	vote->candidate_id = TEACHER;
	hear(message);
	CHECK_INT(raft_voted_for(follower), TEACHER);
	end();
}
