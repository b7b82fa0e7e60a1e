/*
 * leader_requests.c
 *	  See requests.h: what the leader does of what is asked, here and on other servers.
 *
 * Settings and events are committed as they come.  Changes of members and transfers come one at a time (safety.md R14), and wait until this leader
 * serves and nothing that it mends is half way into the log.
 */
#include <stdio.h>
#include <string.h>

#include "core/request_checks.h"
#include "net/clock.h"
#include "net/consensus_private.h"

#define BEGIN_DEADLINE_MS  10000
#define STREAM_PATIENCE_MS 2000

static const PgraftOutcome done = {.code = PGRAFT_OUTCOME_DONE};

static bool
leads(const PgraftConsensus *g)
{
	return g->running && raft_state((struct raft *) &g->raft) == RAFT_LEADER;
}

static void
reply_to(PgraftConsensus *g, int32_t from, uint64_t ticket, const PgraftOutcome *outcome)
{
	PgraftPeerMessage message = {.type = PGRAFT_PEER_OUTCOME, .seq = ticket};

	if (from == g->config.self.node_id)
	{
		pgraft_asked_settle(g, from, ticket, outcome);
		return;
	}
	message.term = g->running ? pgraft_term(raft_current_term(&g->raft)) : 0;
	message.u.outcome = *outcome;
	pgraft_peers_send(&g->peers, from, &message);
}

static void
reply(PgraftConsensus *g, PgraftDoing *doing, const PgraftOutcome *outcome)
{
	PgraftOutcome copy = *outcome;
	int32_t from = doing->from;
	uint64_t ticket = doing->ticket;

	memset(doing, 0, sizeof *doing);
	reply_to(g, from, ticket, &copy);
}

static bool
is_removal_of(const PgraftRequest *request, int32_t node_id)
{
	return request->kind == PGRAFT_REQUEST_REMOVE_NODE && request->node_id == node_id;
}

static void
propose_for(PgraftConsensus *g, PgraftDoing *doing)
{
	static PgraftEntry entry;
	const PgraftRequest *request = &doing->request;

	memset(&entry, 0, sizeof entry);
	if (request->kind == PGRAFT_REQUEST_SET_CONFIG)
	{
		entry.type = PGRAFT_ENTRY_CONFIG;
		strcpy(entry.u.config.key, request->key);
		strcpy(entry.u.config.value, request->value);
	}
	else
	{
		entry.type = PGRAFT_ENTRY_EVENT;
		entry.at_ms = request->at_ms;
		entry.term = request->term;
		entry.node_id = request->node_id;
		entry.u.event.type = request->event_type;
		snprintf(entry.u.event.detail, sizeof entry.u.event.detail, "%s", request->value);
	}
	doing->begun = true;
	doing->proposal = PGRAFT_TICKET_REQUEST + ++g->requests.last_proposal;
	pgraft_consensus_propose(&entry, doing->proposal);
}

void
pgraft_doing_begin(PgraftConsensus *g, int32_t from, uint64_t ticket, const PgraftRequest *request)
{
	PgraftDoing *doing = g->requests.doing;
	PgraftOutcome outcome = pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Try again in a moment.", "node %d does not lead",
										   g->config.self.node_id);

	if (ticket == 0)
		return;
	if (!leads(g) || pgraft_request_refused(g, request, &outcome))
	{
		reply_to(g, from, ticket, &outcome);
		return;
	}
	while (doing < g->requests.doing + PGRAFT_MAX_DOING && doing->ticket != 0)
		doing++;
	if (doing == g->requests.doing + PGRAFT_MAX_DOING)
	{
		outcome =
			pgraft_outcome(PGRAFT_OUTCOME_BUSY, "Try again in a moment.", "%d changes are under way", PGRAFT_MAX_DOING);
		reply_to(g, from, ticket, &outcome);
		return;
	}
	*doing = (PgraftDoing){.ticket = ticket, .from = from, .request = *request, .since_ms = pgraft_now_ms()};
	doing->link = g->peers.from[from].stream;
	g->requests.doing_term = pgraft_term(raft_current_term(&g->raft));
	if (!pgraft_is_exclusive(request->kind))
		propose_for(g, doing);
}

void
pgraft_requests_proposal_done(PgraftConsensus *g, uint64_t proposal, bool committed)
{
	PgraftOutcome outcome = done;

	if (committed)
		outcome.index = raft_last_applied(&g->raft);
	else
		outcome = pgraft_outcome(PGRAFT_OUTCOME_UNSURE, "Look at pgraft_get_config().",
								 "node %d lost leadership meanwhile, so that the change may or may not have been made",
								 g->config.self.node_id);
	if (proposal == PGRAFT_TICKET_REQUEST)
		return;
	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
		if (g->requests.doing[i].ticket != 0 && g->requests.doing[i].proposal == proposal)
			reply(g, &g->requests.doing[i], &outcome);
}

static void
begin_change(PgraftConsensus *g, const PgraftRequest *request)
{
	PgraftChange change = {.node_id = request->node_id, .asked = true};

	change.kind = request->kind == PGRAFT_REQUEST_ADD_NODE ? PGRAFT_CHANGE_ADD : PGRAFT_CHANGE_REMOVE;
	change.deadline_ms = pgraft_now_ms() + PGRAFT_MEET_DEADLINE_MS;
	strcpy(change.address, request->address);
	pgraft_membership_begin(g, &change);
}

/* What was asked to be added is removed instead. */
static void
end_addition(PgraftConsensus *g, int32_t node_id)
{
	PgraftOutcome outcome = pgraft_outcome(PGRAFT_OUTCOME_STATE, "", "node %d is being removed", node_id);

	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		PgraftDoing *doing = &g->requests.doing[i];

		if (doing->ticket != 0 && doing->request.kind == PGRAFT_REQUEST_ADD_NODE && doing->request.node_id == node_id)
			reply(g, doing, &outcome);
	}
}

/* This leader serves, and nothing is half way. */
static void
begin(PgraftConsensus *g, PgraftDoing *doing)
{
	static PgraftMembershipView view;
	const PgraftRequest *request = &doing->request;
	PgraftOutcome outcome;
	int32_t successor;

	pgraft_membership_view(g, &view);
	if (!pgraft_request_possible(&view, request, &outcome))
	{
		if (!pgraft_may_pass(request, &outcome) || pgraft_now_ms() - doing->since_ms >= STREAM_PATIENCE_MS)
			reply(g, doing, &outcome);
		return;
	}
	doing->begun = true;
	if (request->kind == PGRAFT_REQUEST_ADD_NODE ||
		(request->kind == PGRAFT_REQUEST_REMOVE_NODE && request->node_id != view.self))
	{
		if (request->kind == PGRAFT_REQUEST_REMOVE_NODE)
			end_addition(g, request->node_id);
		begin_change(g, request);
		return;
	}
	successor = request->kind == PGRAFT_REQUEST_TRANSFER && request->node_id != 0 ? request->node_id
																				  : pgraft_best_successor(&view);
	if (successor != 0)
	{
		pgraft_hand_over_begin(g, successor);
		return;
	}
	outcome = pgraft_outcome(PGRAFT_OUTCOME_STATE, "Wait until another voter streams and has caught up.",
							 "node %d leads, and no other voter could take over", view.self);
	reply(g, doing, &outcome);
}

/* One that is the same as one begun already shares its end. */
static bool
joins_another(PgraftConsensus *g, const PgraftDoing *doing)
{
	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		const PgraftDoing *other = &g->requests.doing[i];

		if (other != doing && other->ticket != 0 && other->begun && other->request.kind == doing->request.kind &&
			other->request.node_id == doing->request.node_id)
			return true;
	}
	return false;
}

static void
give_up_waiting(PgraftConsensus *g, PgraftDoing *doing)
{
	PgraftOutcome outcome;

	if (g->membership.changing || g->raft.configuration_uncommitted_index != 0)
		outcome = pgraft_outcome(PGRAFT_OUTCOME_BUSY, "Try again when it is done.",
								 "another change of the members is under way");
	else
		outcome = pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Try again when it accepts writes.",
								 "node %d leads, but does not serve as the primary yet", g->config.self.node_id);
	reply(g, doing, &outcome);
}

static void
wait_to_begin(PgraftConsensus *g, PgraftDoing *doing)
{
	if (pgraft_is_exclusive(doing->request.kind) && joins_another(g, doing))
		doing->begun = true;
	else if (pgraft_membership_settled(g))
		begin(g, doing);
	else if (pgraft_now_ms() - doing->since_ms >= BEGIN_DEADLINE_MS)
		give_up_waiting(g, doing);
}

void
pgraft_doing_turn(PgraftConsensus *g)
{
	PgraftRequests *r = &g->requests;
	bool same_term = leads(g) && r->doing_term == pgraft_term(raft_current_term(&g->raft));

	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		PgraftDoing *doing = &r->doing[i];

		if (doing->ticket == 0)
			continue;
		if (!same_term || doing->link != g->peers.from[doing->from].stream)
			memset(doing, 0, sizeof *doing);
		else if (!doing->begun)
			wait_to_begin(g, doing);
	}
	pgraft_hand_over_turn(g);
}

void
pgraft_requests_changed(PgraftConsensus *g, const PgraftChange *change, const PgraftOutcome *outcome)
{
	PgraftRequestKind kind = change->kind == PGRAFT_CHANGE_ADD ? PGRAFT_REQUEST_ADD_NODE : PGRAFT_REQUEST_REMOVE_NODE;

	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		PgraftDoing *doing = &g->requests.doing[i];

		if (doing->ticket != 0 && doing->begun && doing->request.kind == kind &&
			doing->request.node_id == change->node_id)
			reply(g, doing, outcome);
	}
}

void
pgraft_requests_stayed(PgraftConsensus *g, const PgraftOutcome *outcome)
{
	for (int i = 0; i < PGRAFT_MAX_DOING; i++)
	{
		PgraftDoing *doing = &g->requests.doing[i];

		if (doing->ticket != 0 && doing->begun &&
			(doing->request.kind == PGRAFT_REQUEST_TRANSFER || is_removal_of(&doing->request, g->config.self.node_id)))
			reply(g, doing, outcome);
	}
}
