/*
 * membership.c
 *	  See membership.h.
 *
 * A server that lost its data or its Raft state comes back under another incarnation than its member entry has, without Raft state (R4).  It is
 * removed and added anew; its old member entry stays until then, so that the next leader knows it from one that was removed on purpose.
 */
#include "core/membership.h"

#include <inttypes.h>
#include <string.h>

#include "core/cluster_spec.h"
#include "core/request_checks.h"

static PgraftStep
step_of(PgraftStepKind kind, int32_t node_id)
{
	return (PgraftStep){.kind = kind, .node_id = node_id};
}

static PgraftStep
fail(const PgraftChange *change, PgraftOutcome outcome)
{
	if (!change->asked)
		return step_of(PGRAFT_STEP_NONE, change->node_id);
	return (PgraftStep){.kind = PGRAFT_STEP_FAIL, .node_id = change->node_id, .outcome = outcome};
}

const PgraftServer *
pgraft_view_server(const PgraftMembershipView *view, int32_t node_id)
{
	for (int i = 0; i < view->n_servers; i++)
		if (view->servers[i].node_id == node_id)
			return &view->servers[i];
	return NULL;
}

/* One that does not stream may be about to stop and have its data rewound: the primary that it then needs must not depend on its vote. */
static bool
is_counted_on(const PgraftMembershipView *view, const PgraftServer *server)
{
	return server->reachable && (server->node_id == view->self || server->lag_bytes >= 0);
}

bool
pgraft_majority_without(const PgraftMembershipView *view, int32_t node_id)
{
	int voters = 0;
	int counted_on = 0;

	for (int i = 0; i < view->n_servers; i++)
	{
		const PgraftServer *server = &view->servers[i];

		if (server->role != PGRAFT_VOTER || server->node_id == node_id)
			continue;
		voters++;
		counted_on += is_counted_on(view, server);
	}
	return counted_on > voters / 2;
}

/* R13: under the configuration of now, and by the newcomer too. */
static bool
barrier_reached(const PgraftMembershipView *view, int32_t newcomer)
{
	return view->barrier_index == view->configuration_index && (newcomer == 0 || view->barrier_node == newcomer);
}

/* R4: it is there again, with nothing of what its member entry stands for. */
static bool
has_other_data(const PgraftMembershipView *view, int32_t node_id)
{
	const PgraftSeen *seen = &view->seen[node_id];
	const PgraftMember *member = pgraft_state_member(view->state, node_id);

	return member != NULL && member->incarnation[0] != '\0' && pgraft_incarnation_valid(seen->incarnation) &&
		   strcmp(member->incarnation, seen->incarnation) != 0;
}

/* A standby got the log only after it had Raft state; libraft's leader does not survive one whose log has become shorter. */
static bool
has_lost_its_state(const PgraftMembershipView *view, int32_t node_id)
{
	const PgraftServer *server = pgraft_view_server(view, node_id);
	const PgraftSeen *seen = &view->seen[node_id];

	if (!seen->fresh || seen->formed)
		return false;
	return has_other_data(view, node_id) || (server != NULL && server->role == PGRAFT_STANDBY);
}

static PgraftStep
step_out(const PgraftMembershipView *view, const PgraftChange *change)
{
	int32_t id = change->node_id;

	if (id == view->self)
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "", "node %" PRId32 " leads and cannot remove itself", id));
	if (!pgraft_majority_without(view, id))
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "Bring the others back first.",
								   "without node %" PRId32 " no majority of the voters would answer and stream", id));
	if (!barrier_reached(view, 0))
		return step_of(PGRAFT_STEP_WANT_BARRIER, 0);
	return step_of(PGRAFT_STEP_REMOVE, id);
}

static PgraftStep
remove_step(const PgraftMembershipView *view, const PgraftChange *change)
{
	if (pgraft_view_server(view, change->node_id) != NULL)
		return step_out(view, change);
	if (pgraft_state_member(view->state, change->node_id) != NULL)
		return step_of(PGRAFT_STEP_FORGET_MEMBER, change->node_id);
	if (!barrier_reached(view, 0))
		return step_of(PGRAFT_STEP_WANT_BARRIER, 0);
	return step_of(PGRAFT_STEP_DONE, change->node_id);
}

static PgraftStep
not_heard(const PgraftMembershipView *view, const PgraftChange *change)
{
	const PgraftSeen *seen = &view->seen[change->node_id];
	int32_t id = change->node_id;

	if (seen->fresh && seen->formed)
		return fail(change, pgraft_outcome(
								PGRAFT_OUTCOME_STATE,
								"It clears the state of an earlier membership by itself: wait a moment and try again.",
								"node %" PRId32 " at %s still has Raft state", id, change->address));
	if (seen->refusal[0] != '\0')
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "Check its address, pgraft.node_id and the cluster's key.",
								   "node %" PRId32 " at %s cannot be asked whether it may be added: %s", id,
								   change->address, seen->refusal));
	return fail(change,
				pgraft_outcome(PGRAFT_OUTCOME_STATE,
							   "Check that it runs, can be reached, and has the cluster's key and this pgraft.node_id.",
							   "node %" PRId32 " at %s did not answer as a server of this cluster within %d s", id,
							   change->address, PGRAFT_MEET_DEADLINE_MS / 1000));
}

/* It is not in the configuration: it has to be there, empty of Raft, with a copy of this cluster's data. */
static PgraftStep
step_in(const PgraftMembershipView *view, const PgraftChange *change)
{
	const PgraftSeen *seen = &view->seen[change->node_id];
	bool heard = seen->fresh && seen->address[0] != '\0' && strcmp(seen->address, change->address) == 0;
	int32_t id = change->node_id;

	if (heard && seen->formed && !seen->same_group)
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "Remove it there, or give it an empty volume.",
								   "node %" PRId32 " at %s is a member of another Raft group", id, change->address));
	if (heard && seen->system_identifier != view->system_identifier)
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "Clone its data from this cluster first.",
								   "the data of node %" PRId32 " at %s is of another cluster: system identifier "
								   "%" PRIu64 " instead of %" PRIu64,
								   id, change->address, seen->system_identifier, view->system_identifier));
	/* Its answers go by that one: it would never hear of its votes. */
	if (heard && seen->advertised[0] != '\0' && strcmp(seen->advertised, change->address) != 0)
		return fail(change,
					pgraft_outcome(PGRAFT_OUTCOME_STATE, "Give that address, or set pgraft.advertise_address there.",
								   "node %" PRId32 " at %s says that its address is %s", id, change->address,
								   seen->advertised));
	if (!heard || seen->formed || !pgraft_incarnation_valid(seen->incarnation))
		return view->now_ms >= change->deadline_ms ? not_heard(view, change) : step_of(PGRAFT_STEP_CONNECT, id);
	return step_of(PGRAFT_STEP_ADD, id);
}

/* It is a spare or a standby, and was heard. */
static PgraftStep
step_up(const PgraftMembershipView *view, const PgraftServer *server)
{
	const PgraftSeen *seen = &view->seen[server->node_id];
	const PgraftMember *member = pgraft_state_member(view->state, server->node_id);
	int32_t id = server->node_id;

	if (member == NULL || strcmp(member->incarnation, seen->incarnation) != 0 || !seen->same_group)
		return step_of(PGRAFT_STEP_NONE, id);
	if (!seen->formed)
		return step_of(PGRAFT_STEP_INVITE, id);
	if (server->role == PGRAFT_SPARE)
		return step_of(PGRAFT_STEP_ASSIGN_STANDBY, id);

	/* The newest configuration comes after the one that added it, and so does all that it must know before it votes. */
	if (server->match_index < view->configuration_index)
		return step_of(PGRAFT_STEP_NONE, id);
	return step_of(barrier_reached(view, id) ? PGRAFT_STEP_ASSIGN_VOTER : PGRAFT_STEP_WANT_BARRIER, id);
}

static PgraftStep
add_step(const PgraftMembershipView *view, const PgraftChange *change)
{
	const PgraftServer *server = pgraft_view_server(view, change->node_id);

	if (server == NULL)
		return step_in(view, change);
	if (has_lost_its_state(view, change->node_id))
		return step_out(view, change);
	if (server->role == PGRAFT_VOTER)
		return step_of(PGRAFT_STEP_DONE, change->node_id);
	if (view->seen[change->node_id].fresh)
		return step_up(view, server);
	if (view->now_ms < change->deadline_ms)
		return step_of(PGRAFT_STEP_NONE, change->node_id);
	return fail(change, pgraft_outcome(PGRAFT_OUTCOME_STATE,
									   "It becomes a voter when it is back; pgraft_remove_node() takes it out again.",
									   "node %" PRId32 " has been added without a vote, and does not answer any more",
									   change->node_id));
}

PgraftStep
pgraft_membership_step(const PgraftMembershipView *view, const PgraftChange *change)
{
	if (!view->settled || change->kind == PGRAFT_CHANGE_NONE)
		return step_of(PGRAFT_STEP_NONE, change->node_id);
	return change->kind == PGRAFT_CHANGE_ADD ? add_step(view, change) : remove_step(view, change);
}

/* Of a server that may be in the configuration, in the state, or both. */
static PgraftChange
mend_of(const PgraftMembershipView *view, int32_t id)
{
	const PgraftServer *server = pgraft_view_server(view, id);
	const PgraftSeen *seen = &view->seen[id];
	PgraftChange change = {.node_id = id};

	if (server != NULL)
	{
		if (server->role != PGRAFT_VOTER || has_lost_its_state(view, id))
			change.kind = PGRAFT_CHANGE_ADD;
		strcpy(change.address, server->address);
		return change;
	}
	if (pgraft_state_member(view->state, id) == NULL)
		return change;
	strcpy(change.address, seen->address);
	if (has_lost_its_state(view, id))
		change.kind = PGRAFT_CHANGE_ADD;
	else if (seen->fresh || seen->orphaned_ms >= PGRAFT_ORPHAN_MS)
		change.kind = PGRAFT_CHANGE_REMOVE;
	return change;
}

static bool
goes_on(const PgraftMembershipView *view, const PgraftChange *change)
{
	PgraftStepKind kind = pgraft_membership_step(view, change).kind;

	return change->node_id != view->self && kind != PGRAFT_STEP_NONE && kind != PGRAFT_STEP_CONNECT;
}

/* Losses first: they cost the cluster a vote. */
PgraftChange
pgraft_membership_mend(const PgraftMembershipView *view)
{
	for (int lost = 1; lost >= 0; lost--)
		for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		{
			PgraftChange change = mend_of(view, id);

			if (has_lost_its_state(view, id) == (lost == 1) && goes_on(view, &change))
				return change;
		}
	return (PgraftChange){.kind = PGRAFT_CHANGE_NONE};
}
