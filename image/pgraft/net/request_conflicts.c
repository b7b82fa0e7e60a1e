/*
 * request_conflicts.c
 *	  See requests.h: what the leader refuses at once.
 */
#include <stdio.h>
#include <string.h>

#include "core/request_checks.h"
#include "net/consensus_private.h"

/* One at a time. */
bool
pgraft_is_exclusive(PgraftRequestKind kind)
{
	return kind == PGRAFT_REQUEST_ADD_NODE || kind == PGRAFT_REQUEST_REMOVE_NODE || kind == PGRAFT_REQUEST_TRANSFER;
}

/* What is known of a standby's stream is a moment old, and it may just have begun: what counts on one waits for that moment. */
bool
pgraft_may_pass(const PgraftRequest *request, const PgraftOutcome *obstacle)
{
	return obstacle->code == PGRAFT_OUTCOME_STATE &&
		   (request->kind == PGRAFT_REQUEST_TRANSFER || request->kind == PGRAFT_REQUEST_REMOVE_NODE);
}

static bool
is_removal_of(const PgraftRequest *request, int32_t node_id)
{
	return request->kind == PGRAFT_REQUEST_REMOVE_NODE && request->node_id == node_id;
}

/* Two may ask for the same removal: the leader that was, and who had asked it.  A removal ends the addition of the same server. */
static bool
compatible(const PgraftRequest *request, const PgraftRequest *other)
{
	return is_removal_of(request, other->node_id) &&
		   (other->kind == PGRAFT_REQUEST_REMOVE_NODE || other->kind == PGRAFT_REQUEST_ADD_NODE);
}

static PgraftOutcome
busy_with(const PgraftRequest *other)
{
	const char *what = other->kind == PGRAFT_REQUEST_ADD_NODE	   ? "node %d is being added"
					   : other->kind == PGRAFT_REQUEST_REMOVE_NODE ? "node %d is being removed"
																   : "leadership is being transferred";
	char message[PGRAFT_MESSAGE_SIZE];

	snprintf(message, sizeof message, what, other->node_id);
	return pgraft_outcome(PGRAFT_OUTCOME_BUSY, "Try again when that is done.", "%s", message);
}

static const PgraftDoing *
in_the_way(const PgraftConsensus *g, const PgraftRequest *request)
{
	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		const PgraftDoing *other = &g->requests.doing[i];

		if (other->ticket != 0 && pgraft_is_exclusive(other->request.kind) && !compatible(request, &other->request))
			return other;
	}
	return NULL;
}

/* A change whose asker is gone goes on, and so does a transfer. */
bool
pgraft_request_refused(PgraftConsensus *g, const PgraftRequest *request, PgraftOutcome *outcome)
{
	static PgraftMembershipView view;
	const PgraftChange *change = &g->membership.change;
	const PgraftDoing *other;
	uint64_t term = pgraft_term(raft_current_term(&g->raft));

	if (!pgraft_request_valid(request, outcome))
		return true;
	if (g->requests.hand_over.to != 0 || raft_transferee(&g->raft) != 0)
	{
		*outcome = busy_with(&(PgraftRequest){.kind = PGRAFT_REQUEST_TRANSFER});
		return true;
	}
	pgraft_membership_view(g, &view);
	if (pgraft_is_exclusive(request->kind))
	{
		PgraftRequest under_way = {.node_id = change->node_id,
								   .kind = change->kind == PGRAFT_CHANGE_ADD ? PGRAFT_REQUEST_ADD_NODE
																			 : PGRAFT_REQUEST_REMOVE_NODE};

		other = in_the_way(g, request);
		*outcome = busy_with(other != NULL ? &other->request : &under_way);
		if (other != NULL || (change->asked && g->membership.term == term && !compatible(request, &under_way)))
			return true;
	}
	return g->barrier_term == term && !pgraft_request_possible(&view, request, outcome) &&
		   !pgraft_may_pass(request, outcome);
}
