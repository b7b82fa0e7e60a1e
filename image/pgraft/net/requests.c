/*
 * requests.c
 *	  See requests.h: what is asked on this server.
 *
 * Whether a request was done cannot be told when its leader is lost before the answer.  Two kinds are told by who leads next: a transfer, and the
 * removal of the leader, which is handed to the next one.
 */
#include <string.h>

#include "core/request_checks.h"
#include "net/clock.h"
#include "net/consensus_private.h"

#define LINK_DEADLINE_MS	   1000
#define NEW_LEADER_DEADLINE_MS 10000

/* So long libraft may still name the old leader in the next one's term: until that one is heard. */
#define OLD_LEADER_MS 1000

#define LOOK_HINT "Look at pgraft_get_nodes(), pgraft_get_config() and pgraft_get_events()."

static int32_t
known_leader(const PgraftConsensus *g)
{
	raft_id id = 0;
	const char *address;

	if (g->running)
		raft_leader((struct raft *) &g->raft, &id, &address);
	return (int32_t) id;
}

static uint64_t
known_term(const PgraftConsensus *g)
{
	return g->running ? pgraft_term(raft_current_term((struct raft *) &g->raft)) : 0;
}

static void
settle(PgraftConsensus *g, PgraftAsked *asked, PgraftOutcome outcome)
{
	uint64_t ticket = asked->ticket;

	memset(asked, 0, sizeof *asked);
	pgraft_log_publish();
	g->config.hooks.request_done(ticket, &outcome);
}

static PgraftOutcome
no_leader(const PgraftConsensus *g)
{
	if (!g->running)
		return pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Form a cluster with pgraft_init(), or add this server to one.",
							  "this server belongs to no cluster");
	return pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Try again when pgraft_get_leader() names one.",
						  "there is no leader now");
}

static PgraftOutcome
unsure(const PgraftAsked *asked, const char *what)
{
	return pgraft_outcome(PGRAFT_OUTCOME_UNSURE, LOOK_HINT,
						  "%s node %d, so that the change may or may not have been made", what, asked->holder);
}

/* Only one that still waits with that leader: its answer may be late. */
void
pgraft_asked_settle(PgraftConsensus *g, int32_t holder, uint64_t ticket, const PgraftOutcome *outcome)
{
	for (int i = 0; i < PGRAFT_MAX_ASKED; i++)
	{
		PgraftAsked *asked = &g->requests.asked[i];

		if (ticket == 0 || asked->ticket != ticket || asked->holder != holder)
			continue;
		if (asked->again && outcome->code == PGRAFT_OUTCOME_UNKNOWN)
			settle(g, asked,
				   (PgraftOutcome){.code = PGRAFT_OUTCOME_DONE}); /* the removal that it asked for was quicker */
		else
			settle(g, asked, *outcome);
	}
}

static bool
linked(const PgraftConsensus *g, int32_t leader)
{
	return leader <= PGRAFT_MAX_NODES && g->peers.to[leader].stream != NULL && g->peers.from[leader].stream != NULL;
}

static bool
leaves_leader(const PgraftRequest *request, int32_t leader)
{
	return request->kind == PGRAFT_REQUEST_TRANSFER ||
		   (request->kind == PGRAFT_REQUEST_REMOVE_NODE && request->node_id == leader);
}

static void
hand_to(PgraftConsensus *g, PgraftAsked *asked, int32_t leader)
{
	PgraftPeerMessage message = {.type = PGRAFT_PEER_REQUEST, .term = known_term(g), .seq = asked->ticket};

	asked->holder = leader;
	asked->term = known_term(g);
	if (!asked->again)
		asked->leaving = leaves_leader(&asked->request, leader) ? leader : 0;
	if (leader == g->config.self.node_id)
	{
		PgraftRequest request = asked->request;

		pgraft_doing_begin(g, leader, asked->ticket, &request);
		return;
	}
	asked->link_to = g->peers.to[leader].stream;
	asked->link_from = g->peers.from[leader].stream;
	message.u.request = asked->request;
	pgraft_peers_send(&g->peers, leader, &message);
}

/* Who leads after the one that leadership was to leave; that one only if it stays so. */
static int32_t
next_leader(const PgraftConsensus *g, const PgraftAsked *asked)
{
	int32_t leader = known_leader(g);

	return leader == asked->leaving && pgraft_now_ms() - asked->since_ms < OLD_LEADER_MS ? 0 : leader;
}

/* Nobody has it yet, or not any more. */
static void
seek_leader(PgraftConsensus *g, PgraftAsked *asked)
{
	int32_t leader = asked->again ? next_leader(g, asked) : known_leader(g);
	int64_t waited_ms = pgraft_now_ms() - asked->since_ms;

	if (leader != 0 && leader != g->config.self.node_id && !linked(g, leader))
	{
		if (waited_ms >= LINK_DEADLINE_MS)
			settle(g, asked,
				   pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Try again in a moment.",
								  "node %d leads, but is not connected to this server", leader));
	}
	else if (leader != 0)
		hand_to(g, asked, leader);
	else if (!asked->again)
		settle(g, asked, no_leader(g));
	else if (waited_ms >= NEW_LEADER_DEADLINE_MS)
		settle(g, asked,
			   pgraft_outcome(PGRAFT_OUTCOME_UNSURE, LOOK_HINT,
							  "node %d leads no more, and nobody else does: it may or may not be removed yet",
							  asked->leaving));
}

/* Leadership has left the server that was asked to give it away. */
static void
follow_transfer(PgraftConsensus *g, PgraftAsked *asked)
{
	int32_t wanted = asked->request.node_id;
	int32_t leader = next_leader(g, asked);

	if (leader == 0 && pgraft_now_ms() - asked->since_ms >= NEW_LEADER_DEADLINE_MS)
		settle(g, asked, unsure(asked, "leadership has left"));
	else if (leader != 0 && leader != asked->leaving && (wanted == 0 || wanted == leader))
		settle(g, asked, (PgraftOutcome){.code = PGRAFT_OUTCOME_DONE, .leader_id = leader});
	else if (leader != 0)
		settle(g, asked,
			   pgraft_outcome(PGRAFT_OUTCOME_STATE, "Try again.", "node %d leads now, instead of node %d", leader,
							  wanted));
}

/* The removed leader itself stops as the primary at once, and cannot wait for the end. */
static void
follow_removal(PgraftConsensus *g, PgraftAsked *asked)
{
	int32_t leader = next_leader(g, asked);

	asked->holder = 0;
	if (leader == 0)
		return;
	seek_leader(g, asked);
	if (asked->ticket != 0 && asked->holder != 0 && asked->request.node_id == g->config.self.node_id &&
		leader != g->config.self.node_id)
		settle(g, asked,
			   pgraft_outcome(PGRAFT_OUTCOME_UNSURE, "Look at pgraft_get_nodes() on another server.",
							  "node %d leads now, and removes this server", leader));
}

static void
follow_leadership(PgraftConsensus *g, PgraftAsked *asked)
{
	if (!asked->again)
		asked->since_ms = pgraft_now_ms();
	asked->again = true;
	if (asked->request.kind == PGRAFT_REQUEST_TRANSFER)
		follow_transfer(g, asked);
	else
		follow_removal(g, asked);
}

static void
look_after(PgraftConsensus *g, PgraftAsked *asked)
{
	int32_t leader = known_leader(g);
	bool same_term = asked->term == known_term(g) && asked->holder == leader;
	bool same_links =
		asked->holder == g->config.self.node_id || (asked->link_to == g->peers.to[asked->holder].stream &&
													asked->link_from == g->peers.from[asked->holder].stream);

	if (asked->holder == 0)
		seek_leader(g, asked);
	else if (same_term && same_links)
		return;
	else if (same_term)
		settle(g, asked, unsure(asked, "the connection was lost to"));
	else if (asked->leaving == 0)
		settle(g, asked, unsure(asked, "leadership has left"));
	else
		follow_leadership(g, asked);
}

/* Its own removal is what it asked for; of anything else it learns no more. */
void
pgraft_requests_removed(PgraftConsensus *g)
{
	for (int i = 0; i < PGRAFT_MAX_ASKED; i++)
	{
		PgraftAsked *asked = &g->requests.asked[i];

		if (asked->ticket == 0)
			continue;
		if (asked->request.kind == PGRAFT_REQUEST_REMOVE_NODE && asked->request.node_id == g->config.self.node_id)
			settle(g, asked, (PgraftOutcome){.code = PGRAFT_OUTCOME_DONE});
		else
			settle(g, asked, unsure(asked, "this server was removed meanwhile, and hears no more of"));
	}
}

void
pgraft_requests_turn(PgraftConsensus *g)
{
	pgraft_doing_turn(g);
	for (int i = 0; i < PGRAFT_MAX_ASKED; i++)
		if (g->requests.asked[i].ticket != 0)
			look_after(g, &g->requests.asked[i]);
}

void
pgraft_consensus_request(const PgraftRequest *request, uint64_t ticket)
{
	PgraftConsensus *g = &pgraft_group;
	PgraftAsked *asked = g->requests.asked;
	PgraftOutcome outcome;

	while (asked < g->requests.asked + PGRAFT_MAX_ASKED && asked->ticket != 0)
		asked++;
	if (asked == g->requests.asked + PGRAFT_MAX_ASKED)
		outcome = pgraft_outcome(PGRAFT_OUTCOME_BUSY, "Try again in a moment.",
								 "%d changes are under way on this server", PGRAFT_MAX_ASKED);
	else if (pgraft_request_valid(request, &outcome))
	{
		*asked = (PgraftAsked){.ticket = ticket, .request = *request, .since_ms = pgraft_now_ms()};
		seek_leader(g, asked);
		return;
	}
	g->config.hooks.request_done(ticket, &outcome);
}

void
pgraft_consensus_forget_request(uint64_t ticket)
{
	for (int i = 0; i < PGRAFT_MAX_ASKED; i++)
		if (pgraft_group.requests.asked[i].ticket == ticket)
			memset(&pgraft_group.requests.asked[i], 0, sizeof pgraft_group.requests.asked[i]);
}

void
pgraft_requests_outcome(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	pgraft_asked_settle(g, from, message->seq, &message->u.outcome);
}

void
pgraft_requests_came(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	pgraft_doing_begin(g, from, message->seq, &message->u.request);
}
