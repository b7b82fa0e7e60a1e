/*
 * upkeep.c
 *	  What a primary looks at while it serves: how far its standbys are, how far back its WAL goes, and what removed members have left.
 */
#include "postgres.h"

#include "access/xlog.h"

#include "core/sync_names.h"
#include "net/clock.h"
#include "server/member_stream.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/slots.h"
#include "server/wal_end.h"

#define TIDY_MS 1000

/* A standby whose data is not whole has one lag, that it is not: -1. */
static bool
lag_of(const PgraftRoleTurn *turn, int32_t node_id, XLogRecPtr end, PgraftLag *lag)
{
	const PgraftMember *member = pgraft_state_member(&turn->state, node_id);
	char name[NAMEDATALEN];
	XLogRecPtr flushed = InvalidXLogRecPtr;

	lag->node_id = node_id;
	lag->lag_bytes = -1;
	if (member != NULL && member->incarnation[0] != '\0')
	{
		pgraft_application_name(member, name, sizeof name);
		flushed = pgraft_stream_flushed(name);
	}
	if (!XLogRecPtrIsInvalid(flushed))
	{
		lag->lag_bytes = end > flushed ? (int64_t) (end - flushed) : 0;
		return true;
	}
	pgraft_incomplete_name(node_id, name, sizeof name);
	return !XLogRecPtrIsInvalid(pgraft_stream_flushed(name));
}

static void
publish_lags(const PgraftRoleTurn *turn)
{
	PgraftLag lags[PGRAFT_MAX_NODES];
	XLogRecPtr end = GetFlushRecPtr(NULL);
	int n = 0;

	for (int i = 0; i < turn->raft.n_peers; i++)
		if (turn->raft.peers[i].node_id != pgraft_node_id && lag_of(turn, turn->raft.peers[i].node_id, end, &lags[n]))
			n++;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	memcpy(pgraft_shared->lags, lags, sizeof(PgraftLag) * n);
	pgraft_shared->n_lags = n;
	LWLockRelease(pgraft_shared->lock);
}

/* Streams under the name of a server, or of data, that belongs to the cluster no more. */
static void
end_streams_of_others(const PgraftRoleTurn *turn)
{
	uint64 kept[2 * PGRAFT_MAX_NODES];
	char name[NAMEDATALEN];
	int n = 0;

	for (int i = 0; i < turn->raft.n_peers; i++)
	{
		int32_t node_id = turn->raft.peers[i].node_id;
		const PgraftMember *member = pgraft_state_member(&turn->state, node_id);

		if (member != NULL)
		{
			pgraft_application_name(member, name, sizeof name);
			kept[n++] = pgraft_stream_hash(name);
		}
		pgraft_incomplete_name(node_id, name, sizeof name);
		kept[n++] = pgraft_stream_hash(name);
	}
	pgraft_streams_end_but(kept, n);
}

static void
drop_slots_of_others(const PgraftRoleTurn *turn)
{
	int32_t ids[PGRAFT_MAX_NODES];

	for (int i = 0; i < turn->raft.n_peers; i++)
		ids[i] = turn->raft.peers[i].node_id;
	pgraft_slots_drop_but(ids, turn->raft.n_peers);
}

void
pgraft_step_upkeep(PgraftRoleTurn *turn)
{
	int64_t now = pgraft_now_ms();

	publish_lags(turn);
	if (turn->tidied_ms != 0 && now - turn->tidied_ms < TIDY_MS)
		return;
	turn->tidied_ms = now;
	end_streams_of_others(turn);
	drop_slots_of_others(turn);

	/* So that a standby that has been away for too long knows that it has to be cloned. */
	turn->role.oldest_lsn = pgraft_wal_begin();
}
