/*
 * ticks.c
 *	  When libraft looks at the clock.
 *
 * It gets a tick every 10 ms, so that entries need not wait for a heartbeat; a leader passes on only as many as its heartbeat interval asks for.
 * The others learn with the next heartbeat only that something was committed, and wait for it to begin streaming: so there is one at once, also
 * for those to whom libraft has sent something in this very millisecond, which did not say so yet.
 */
#include "net/consensus_private.h"

bool
pgraft_pass_tick(void *arg)
{
	PgraftConsensus *g = arg;
	bool due = ++g->tick_count % (g->config.heartbeat_interval_ms / PGRAFT_TICK_MS) == 0;

	return due || raft_state(&g->raft) != RAFT_LEADER;
}

void
pgraft_tell_commits(PgraftConsensus *g)
{
	uint64_t commit_index = raft_commit_index(&g->raft);

	if (raft_state(&g->raft) != RAFT_LEADER || commit_index == g->commit_told)
		return;
	g->commit_told = commit_index;
	raft_set_heartbeat_timeout(&g->raft, 0);
	pgraft_io_tick(&g->layer, &g->io);
	raft_set_heartbeat_timeout(&g->raft, PGRAFT_LEAST_SILENCE_MS);
}
