/*
 * storage_test.c
 *	  What is told to the files of libraft: a fake of raft_uv stands below the layer, and counts what it is told to write.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "net/io.h"

static struct raft_io io;
static PgraftIo layer;
static struct
{
	raft_term term;
	raft_id vote;
	int writes;
} stored;

/* As raft_uv does it: a term comes without a vote. */
static int
store_term(struct raft_io *unused, raft_term term)
{
	(void) unused;
	stored.term = term;
	stored.vote = 0;
	stored.writes++;
	return 0;
}

static int
store_vote(struct raft_io *unused, raft_id vote)
{
	(void) unused;
	stored.vote = vote;
	stored.writes++;
	return 0;
}

static int
load_stored(struct raft_io *unused, raft_term *term, raft_id *vote, struct raft_snapshot **snapshot,
			raft_index *start_index, struct raft_entry *entries[], size_t *n_entries)
{
	(void) unused;
	*term = stored.term;
	*vote = stored.vote;
	*snapshot = NULL;
	*start_index = 1;
	*entries = NULL;
	*n_entries = 0;
	return 0;
}

/* A member that starts with this on its disk. */
static void
begin(raft_term term, raft_id vote)
{
	struct raft_snapshot *snapshot;
	struct raft_entry *entries;
	raft_index start_index;
	size_t n_entries;

	memset(&layer, 0, sizeof layer);
	layer.self = 3;
	stored.term = term;
	stored.vote = vote;
	stored.writes = 0;
	io = (struct raft_io){.load = load_stored, .set_term = store_term, .set_vote = store_vote};
	pgraft_io_wrap(&layer, &io);
	CHECK_INT(io.load(&io, &term, &vote, &snapshot, &start_index, &entries, &n_entries), 0);
}

/* What libraft does for each vote that it grants. */
static void
grant(raft_term term, raft_id candidate)
{
	CHECK_INT(io.set_term(&io, term), 0);
	CHECK_INT(io.set_vote(&io, candidate), 0);
}

TEST(a_term_and_a_vote_are_written_once_each)
{
	begin(4, 2);
	grant(5, 1);
	CHECK_INT(stored.writes, 2);
	CHECK_INT(stored.term, 5);
	CHECK_INT(stored.vote, 1);
}

TEST(a_vote_that_is_granted_again_is_never_off_the_disk)
{
	begin(5, 1);
	CHECK_INT(io.set_term(&io, 5), 0);
	CHECK_INT(stored.vote, 1);
	CHECK_INT(io.set_vote(&io, 1), 0);
	CHECK_INT(stored.writes, 0);
	grant(6, 2);
	grant(6, 2);
	CHECK_INT(stored.writes, 2);
}

TEST(a_new_term_has_no_vote_until_one_is_written)
{
	begin(5, 1);
	CHECK_INT(io.set_term(&io, 6), 0);
	CHECK_INT(stored.vote, 0);
	CHECK_INT(io.set_vote(&io, 1), 0);
	CHECK_INT(stored.vote, 1);
	CHECK_INT(stored.writes, 2);
}

TEST(elections_are_counted_when_this_member_votes_for_itself)
{
	begin(5, 1);
	grant(6, 3);
	grant(6, 3);
	grant(7, 1);
	CHECK_INT(layer.counters.elections, 1);
}
