/*
 * hand_over.c
 *	  Preparing the primary for giving leadership to another server without a lost answer.
 *
 * Commits that come wait; those under way are confirmed; then only the server that takes over goes on streaming, so that nobody can be ahead
 * of it, and no more WAL reaches the disk here, so that this server is not either; when it has everything, Raft's leadership is transferred.
 * This server is deposed by that: the commits that waited fail without a trace, and it stops as it is and follows, with nothing to rewind.
 * Whatever takes too long, everything goes on as before.
 */
#include "postgres.h"

#include "access/xlog.h"

#include "core/sync_names.h"
#include "net/clock.h"
#include "server/commit_hold.h"
#include "server/member_stream.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/wal_hold.h"

#define PREPARE_MS 2000

static void
let_all_stream(void)
{
	pg_atomic_write_u64(&pgraft_shared->only_stream, 0);
}

void
pgraft_hand_over_end(void)
{
	let_all_stream();
	pgraft_commits_release();
}

static void
give_up(PgraftLeaving *hand_over, const char *why)
{
	pgraft_wal_release();
	pgraft_hand_over_end();
	hand_over->stage = PGRAFT_HAND_OVER_GIVEN_UP;
	ereport(LOG, errmsg("pgraft: leadership stays here, and is not handed over to node %d: %s", hand_over->to, why));
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	if (pgraft_shared->hand_over_to == hand_over->to)
		strlcpy(pgraft_shared->hand_over_error, why, sizeof pgraft_shared->hand_over_error);
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
}

static void
begin(PgraftLeaving *hand_over, int32_t to)
{
	hand_over->to = to;
	hand_over->stage = PGRAFT_HAND_OVER_DRAIN;
	hand_over->since_ms = pgraft_now_ms();
	pgraft_commits_hold();
	ereport(LOG, errmsg("pgraft: leadership is handed over to node %d: commits wait meanwhile", to));
}

/* Of the one that takes over; false: the log does not know it. */
static bool
name_of_target(const PgraftRoleTurn *turn, char *name, size_t size)
{
	const PgraftMember *member = pgraft_state_member(&turn->state, turn->hand_over.to);

	if (member == NULL || member->incarnation[0] == '\0')
		return false;
	pgraft_application_name(member, name, size);
	return true;
}

static void
drain(PgraftLeaving *hand_over, const char *name)
{
	if (pgraft_commits_under_way())
		return;
	pg_atomic_exchange_u64(&pgraft_shared->only_stream, pgraft_stream_hash(name));
	hand_over->stage = PGRAFT_HAND_OVER_END_STREAMS;
}

/* Once they have ended nobody else can have more than what is flushed here. */
static void
end_other_streams(PgraftLeaving *hand_over, const char *name)
{
	uint64 kept = pgraft_stream_hash(name);

	if (!pgraft_streams_end_but(&kept, 1) || !pgraft_wal_hold())
		return;
	hand_over->end = GetFlushRecPtr(NULL);
	hand_over->stage = PGRAFT_HAND_OVER_CATCH_UP;
}

static void
catch_up(PgraftLeaving *hand_over, const char *name)
{
	if (pgraft_stream_flushed(name) < hand_over->end)
		return;
	hand_over->stage = PGRAFT_HAND_OVER_ASKED;
	hand_over->since_ms = pgraft_now_ms();
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	if (pgraft_shared->hand_over_to == hand_over->to)
		pgraft_shared->transfer_to = hand_over->to;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
}

static const char *
too_late(const PgraftLeaving *hand_over)
{
	switch (hand_over->stage)
	{
		case PGRAFT_HAND_OVER_DRAIN:
			return "the commits under way were not confirmed in time";
		case PGRAFT_HAND_OVER_END_STREAMS:
			return "the streams to the other standbys did not end in time";
		case PGRAFT_HAND_OVER_CATCH_UP:
			return "it did not get the newest WAL in time";
		default:
			return "it has not taken over in time";
	}
}

static bool
is_due(const PgraftLeaving *hand_over)
{
	int64_t limit = PREPARE_MS;

	/* libraft gives a transfer up after one election timeout. */
	if (hand_over->stage == PGRAFT_HAND_OVER_ASKED)
		limit = 2 * (int64_t) pgraft_election_timeout;
	return pgraft_now_ms() - hand_over->since_ms > limit;
}

static void
follow_wish(PgraftRoleTurn *turn)
{
	PgraftLeaving *hand_over = &turn->hand_over;
	bool under_way = hand_over->to != 0 && hand_over->stage != PGRAFT_HAND_OVER_GIVEN_UP;

	if (hand_over->wish == turn->hand_over_wish)
		return;
	hand_over->wish = turn->hand_over_wish;
	if (under_way)
		give_up(hand_over, "it was called off");
	hand_over->to = 0;
	if (turn->hand_over_to != 0)
		begin(hand_over, turn->hand_over_to);
}

bool
pgraft_step_prepare_hand_over(PgraftRoleTurn *turn)
{
	PgraftLeaving *hand_over = &turn->hand_over;
	char name[NAMEDATALEN];

	follow_wish(turn);
	if (hand_over->to == 0 || hand_over->stage == PGRAFT_HAND_OVER_GIVEN_UP)
		return false;
	if (!name_of_target(turn, name, sizeof name))
	{
		give_up(hand_over, "the log does not have its name");
		return false;
	}
	if (is_due(hand_over))
	{
		give_up(hand_over, too_late(hand_over));
		return false;
	}
	if (hand_over->stage == PGRAFT_HAND_OVER_DRAIN)
		drain(hand_over, name);
	if (hand_over->stage == PGRAFT_HAND_OVER_END_STREAMS)
		end_other_streams(hand_over, name);
	if (hand_over->stage == PGRAFT_HAND_OVER_CATCH_UP)
		catch_up(hand_over, name);
	return true;
}
