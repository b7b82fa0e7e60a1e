/*
 * leave.c
 *	  Giving leadership away: because somebody asked for it, and before a leader stops.
 *
 * Who asked: the log is told first to whom leadership goes (R18), then the primary prepares so that nobody waits for long and nobody is ahead of the
 * successor, and calls pgraft_consensus_transfer(), or does not.
 */
#include <string.h>

#include "core/request_checks.h"
#include "net/clock.h"
#include "net/consensus_private.h"

#define STOP_DEADLINE_MS	  500
#define HAND_OVER_DEADLINE_MS 5000

static void
ask_log_for(int32_t successor, uint64_t ticket)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_TRANSFER;
	entry.node_id = successor;
	pgraft_consensus_propose(&entry, ticket);
}

static bool
still_leads(PgraftConsensus *g, uint64_t term)
{
	return g->running && raft_state(&g->raft) == RAFT_LEADER && pgraft_term(raft_current_term(&g->raft)) == term;
}

/* While failover is paused nobody but the successor may promote (R18): that is this server again. */
static void
give_up_hand_over(PgraftConsensus *g, const char *why)
{
	PgraftHandOver given_up = g->requests.hand_over;
	PgraftOutcome outcome = pgraft_outcome(
		PGRAFT_OUTCOME_STATE, "Try again.", "the transfer to node %d was given up after %lld ms: %s; node %d leads",
		given_up.to, (long long) (pgraft_now_ms() - given_up.since_ms), why, g->config.self.node_id);

	g->requests.hand_over.to = 0;
	if (given_up.told)
		g->config.hooks.want_hand_over(0);
	g->requests.hand_over.told = false;
	if (g->state.successor == given_up.to)
		ask_log_for(g->config.self.node_id, PGRAFT_TICKET_NOTE);
	g->config.hooks.log(outcome.message);
	pgraft_requests_stayed(g, &outcome);
}

void
pgraft_hand_over_begin(PgraftConsensus *g, int32_t to)
{
	g->requests.hand_over =
		(PgraftHandOver){.to = to, .term = pgraft_term(raft_current_term(&g->raft)), .since_ms = pgraft_now_ms()};
	ask_log_for(to, PGRAFT_TICKET_TRANSFER);
}

void
pgraft_hand_over_committed(PgraftConsensus *g, bool committed)
{
	PgraftHandOver *hand_over = &g->requests.hand_over;

	if (hand_over->to == 0 || !still_leads(g, hand_over->term))
		return;
	if (!committed)
	{
		give_up_hand_over(g, "it could not be written into the log");
		return;
	}
	hand_over->told = true;
	g->config.hooks.want_hand_over(hand_over->to);
}

void
pgraft_consensus_hand_over_failed(const char *why)
{
	if (pgraft_group.requests.hand_over.to != 0)
		give_up_hand_over(&pgraft_group, why);
}

/* Who asked sees by the next leader that it has worked.  The primary is told when it is over: at the latest when this server leads again. */
void
pgraft_hand_over_turn(PgraftConsensus *g)
{
	PgraftHandOver *hand_over = &g->requests.hand_over;

	if (hand_over->to != 0 && !still_leads(g, hand_over->term))
		hand_over->to = 0;
	else if (hand_over->to != 0 && raft_transferee(&g->raft) == 0 &&
			 pgraft_now_ms() - hand_over->since_ms >= HAND_OVER_DEADLINE_MS)
		give_up_hand_over(g, "it took too long");
	if (hand_over->to != 0 || !hand_over->told || !g->running || raft_state(&g->raft) != RAFT_LEADER)
		return;
	hand_over->told = false;
	g->config.hooks.want_hand_over(0);
}

static void
transfer_done(struct raft_transfer *transfer)
{
	PgraftConsensus *g = transfer->data;

	g->transferring = false;

	/* At once: the new leader would hand leadership back to a server that still answers. */
	if (g->stopping)
		uv_stop(g->loop);
	else if (g->requests.hand_over.to != 0 && still_leads(g, g->requests.hand_over.term))
		give_up_hand_over(g, "it did not take over in time");
}

static raft_id
furthest_voter(PgraftConsensus *g)
{
	const PgraftRaftStatus *status = &g->published;
	const PgraftPeerStatus *best = NULL;
	int64_t now = pgraft_now_ms();

	for (int i = 0; i < status->n_peers; i++)
	{
		const PgraftPeerStatus *peer = &status->peers[i];

		if (peer->voter && peer->node_id != g->config.self.node_id &&
			pgraft_heard_lately(g, (raft_id) peer->node_id, now) &&
			(best == NULL || peer->match_index > best->match_index))
			best = peer;
	}
	return best == NULL ? 0 : (raft_id) best->node_id;
}

bool
pgraft_consensus_transfer(int32_t node_id)
{
	PgraftConsensus *g = &pgraft_group;
	raft_id target;

	if (!g->running || g->transferring || raft_state(&g->raft) != RAFT_LEADER)
		return false;
	target = node_id != 0 ? (raft_id) node_id : furthest_voter(g);
	if (target == 0 || !pgraft_heard_lately(g, target, pgraft_now_ms()))
		return false;
	g->transfer.data = g;
	g->transferring = raft_transfer(&g->raft, &g->transfer, target, transfer_done) == 0;
	return g->transferring;
}

static void
stop_anyway(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

void
pgraft_consensus_stop(void)
{
	PgraftConsensus *g = &pgraft_group;

	if (g->stopping)
		return;
	g->stopping = true;
	if (!pgraft_consensus_transfer(0))
	{
		uv_stop(g->loop);
		return;
	}
	uv_timer_init(g->loop, &g->stopper);
	uv_timer_start(&g->stopper, stop_anyway, STOP_DEADLINE_MS, 0);
}
