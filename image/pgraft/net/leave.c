/*
 * leave.c
 *	  Giving leadership away: transfer, and what a leader does before it stops.
 */
#include "net/clock.h"
#include "net/consensus_private.h"

#define STOP_DEADLINE_MS 500

static void
transfer_done(struct raft_transfer *transfer)
{
	PgraftConsensus *g = transfer->data;

	g->transferring = false;

	/* At once: the new leader would hand leadership back to a server that still answers. */
	if (g->stopping)
		uv_stop(g->loop);
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
