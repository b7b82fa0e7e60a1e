/*
 * barrier.c
 *	  The WAL barrier before a change of membership (safety.md R13), from the primary's side.
 *
 * What was acknowledged so far was confirmed under whichever setting was in force then.  Once a majority of the present voters has flushed the
 * WAL up to a point taken after their own setting came into force, all of it is on a majority of them.  Each server is counted by
 * its own stream: PostgreSQL's count may be one of an older setting.
 */
#include "postgres.h"

#include "access/xlog.h"

#include "core/sync_names.h"
#include "server/member_stream.h"
#include "server/role_steps.h"
#include "server/settings.h"

static bool
has_flushed(const PgraftRoleTurn *turn, int32_t node_id, XLogRecPtr end)
{
	const PgraftMember *member = pgraft_state_member(&turn->state, node_id);
	char name[NAMEDATALEN];

	if (node_id == pgraft_node_id)
		return GetFlushRecPtr(NULL) >= end;
	if (member == NULL || member->incarnation[0] == '\0')
		return false;
	pgraft_application_name(member, name, sizeof name);
	return pgraft_stream_flushed(name) >= end;
}

static bool
majority_has_flushed(const PgraftRoleTurn *turn, XLogRecPtr end)
{
	int count = 0;

	for (int i = 0; i < turn->n_voters; i++)
		count += has_flushed(turn, turn->voters[i].node_id, end);
	return count > turn->n_voters / 2;
}

static bool
is_wanted(const PgraftRoleTurn *turn)
{
	return turn->barrier.ticket != 0 && turn->barrier.ticket != turn->barrier_reached &&
		   turn->barrier.configuration_index == turn->raft.configuration_index;
}

bool
pgraft_step_barrier(PgraftRoleTurn *turn)
{
	const PgraftBarrier *barrier = &turn->barrier;

	if (!is_wanted(turn) || !turn->role.sync_in_force)
	{
		turn->barrier_ticket = 0;
		return false;
	}
	if (turn->barrier_ticket != barrier->ticket)
	{
		turn->barrier_ticket = barrier->ticket;
		turn->barrier_end = GetFlushRecPtr(NULL);
	}
	if (!majority_has_flushed(turn, turn->barrier_end) ||
		(barrier->node_id != 0 && !has_flushed(turn, barrier->node_id, turn->barrier_end)))
		return true;
	turn->barrier_reached = barrier->ticket;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->barrier_reached = barrier->ticket;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
	return false;
}
