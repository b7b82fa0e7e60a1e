/*
 * room.c
 *	  See wal_room.h: each server says when it is short of room, and a primary that is hands leadership over while it still can (safety.md R21).
 *
 * Not while failover is paused: then somebody wants the primary to stay where it is.
 */
#include "postgres.h"

#include "net/clock.h"
#include "server/ask.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/wal_room.h"

/* When nobody could take over, or it came to nothing. */
#define RETRY_MS 10000

/* For the file that says it (sync_setting.h): when there is none left, it stays as it is. */
#define WRITABLE_BYTES (1024 * 1024)

static void
tell_leader(PgraftRoleTurn *turn)
{
	turn->report.short_of_room = turn->role.short_of_room;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->report.short_of_room = turn->role.short_of_room;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
}

void
pgraft_watch_room(PgraftRoleTurn *turn)
{
	uint64_t bytes = 0;
	bool was_short = turn->role.short_of_room;

	turn->role.short_of_room = pgraft_wal_room_is_short(was_short, &bytes);
	if (turn->role.short_of_room != was_short)
		ereport(LOG, errmsg("pgraft: the file system of pg_wal has %s: " UINT64_FORMAT " MB are free",
							turn->role.short_of_room ? "little room left" : "room again", bytes / (1024 * 1024)));
	if (bytes >= WRITABLE_BYTES)
		turn->patient = turn->role.short_of_room;
	if (turn->report.term != 0 && turn->report.short_of_room != turn->role.short_of_room)
		tell_leader(turn);
}

/* As far as this server knows; the leader looks at everything else. */
static int64_t
lag_of(int32_t node_id)
{
	int64_t lag = -1;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	for (int i = 0; i < pgraft_shared->n_lags; i++)
		if (pgraft_shared->lags[i].node_id == node_id)
			lag = pgraft_shared->lags[i].lag_bytes;
	LWLockRelease(pgraft_shared->lock);
	return lag;
}

static int32_t
healthiest(const PgraftRoleTurn *turn)
{
	int64_t least = -1;
	int32_t best = 0;
	int others = 0;

	for (int i = 0; i < turn->n_voters; i++)
	{
		const PgraftVoter *voter = &turn->voters[i];
		int64_t lag = lag_of(voter->node_id);

		others += voter->node_id != pgraft_node_id && voter->reachable;
		if (voter->node_id == pgraft_node_id || !voter->reachable || voter->report.short_of_room || lag < 0)
			continue;
		if (best == 0 || lag < least)
		{
			best = voter->node_id;
			least = lag;
		}
	}
	/* They need this server again otherwise, which comes back with the newest WAL, and leads again. */
	return others > turn->n_voters / 2 ? best : 0;
}

static void
say(PgraftRoleTurn *turn, const char *what)
{
	snprintf(turn->role.message, sizeof turn->role.message, "the file system of pg_wal is nearly full: %s", what);
}

static void
ask(PgraftRoleTurn *turn, int32_t node_id)
{
	PgraftRequest request = {.kind = PGRAFT_REQUEST_TRANSFER, .node_id = node_id};

	if (!pgraft_ask_in_background(PGRAFT_ASK_HAND_OVER, &request))
		return;
	turn->fled_ms = pgraft_now_ms();
	ereport(LOG, errmsg("pgraft: %s: leadership is to go to node %d", turn->role.message, node_id));
}

static void
log_refusal(void)
{
	PgraftOutcome outcome;

	if (pgraft_ask_background_outcome(PGRAFT_ASK_HAND_OVER, &outcome) && outcome.code != PGRAFT_OUTCOME_DONE)
		ereport(LOG, errmsg("pgraft: leadership could not go to a server with more room: %s", outcome.message));
}

void
pgraft_step_flee(PgraftRoleTurn *turn)
{
	int32_t node_id;

	log_refusal();
	if (!turn->role.short_of_room)
		return;
	node_id = healthiest(turn);
	if (!turn->state.failover_enabled)
		say(turn, "leadership stays here, since failover is paused");
	else if (node_id == 0)
		say(turn, "no other server can take over");
	else
	{
		say(turn, "leadership is handed over");
		if (turn->fled_ms == 0 || pgraft_now_ms() - turn->fled_ms > RETRY_MS)
			ask(turn, node_id);
	}
}
