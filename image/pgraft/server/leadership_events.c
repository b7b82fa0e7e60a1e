/*
 * leadership_events.c
 *	  See leadership_events.h.
 *
 * libraft ends the leadership of a leader without a majority in the same term, so the two may come together.
 */
#include "postgres.h"

#include "server/event_queue.h"
#include "server/leadership_events.h"

static bool announced;			/* that this worker has started */
static uint64 majority_lost_in; /* newest term in which this server led and lost its majority */

static void
note_majority_lost(const PgraftRaftStatus *before)
{
	if (majority_lost_in == before->term)
		return;
	majority_lost_in = before->term;
	pgraft_note_event(PGRAFT_EVENT_MAJORITY_LOST, before->term, "no majority has answered this leader lately");
}

static void
note_stepped_down(const PgraftRaftStatus *now)
{
	char detail[PGRAFT_DETAIL_SIZE];

	if (now->leader_id == 0)
		strlcpy(detail, "no leader is known yet", sizeof detail);
	else
		snprintf(detail, sizeof detail, "node %d leads", now->leader_id);
	pgraft_note_event(PGRAFT_EVENT_STEPPED_DOWN, now->term, detail);
}

void
pgraft_note_leadership(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	if (now->role == PGRAFT_RAFT_UNAVAILABLE)
		return;
	if (!announced)
		pgraft_note_event(PGRAFT_EVENT_WORKER_STARTED, now->term, "the consensus worker of this server");
	announced = true;
	if (before->role != PGRAFT_RAFT_LEADER)
		return;
	if (now->term == before->term && before->quorum && !now->quorum)
		note_majority_lost(before);
	if (now->role != PGRAFT_RAFT_LEADER)
		note_stepped_down(now);
}
