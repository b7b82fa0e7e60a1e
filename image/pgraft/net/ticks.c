/*
 * ticks.c
 *	  When libraft looks at the clock.
 *
 * It gets a tick every 10 ms, so that entries need not wait for a heartbeat; a leader passes on only as many as its heartbeat interval asks for.
 * The others learn with the next heartbeat only that something was committed, and wait for it to begin streaming: so there is one at once, and one
 * at the next tick, for those to whom libraft has just sent something.
 */
#include "net/consensus_private.h"

bool
pgraft_pass_tick(void *arg)
{
	PgraftConsensus *g = arg;

	uint64_t commit_index = raft_commit_index(&g->raft);
	bool due = ++g->tick_count % (g->config.heartbeat_interval_ms / PGRAFT_TICK_MS) == 0;

	if (raft_state(&g->raft) == RAFT_LEADER && !due && commit_index == g->commit_told)
		return false;
	g->commit_told = commit_index;
	return true;
}

void
pgraft_tell_commits(PgraftConsensus *g)
{
	uint64_t commit_index = raft_commit_index(&g->raft);

	if (raft_state(&g->raft) != RAFT_LEADER || commit_index == g->commit_seen)
		return;
	g->commit_seen = commit_index;
	pgraft_io_tick(&g->layer, &g->io);
}
