/*
 * lease.c
 *	  The lease that follows from the answers to the beats (safety.md R15; core/lease.h).
 */
#include "core/lease.h"

#include "net/clock.h"
#include "net/consensus_private.h"

static int64_t
lease_until(PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	int64_t answered[PGRAFT_MAX_NODES];
	int n = 0;

	if (g->beats.leading_since_ms == 0 || g->barrier_term != g->beats.term)
		return 0;

	/* Elected again before it has stopped as the primary of an older promotion: each term needs one of its own (R17). */
	if (g->beats.newest.promotion_term != 0 && g->beats.newest.promotion_term != g->beats.term)
		return 0;
	for (unsigned i = 0; i < configuration->n && n < PGRAFT_MAX_NODES; i++)
	{
		const struct raft_server *server = &configuration->servers[i];

		if (server->role != RAFT_VOTER)
			continue;
		if (server->id == g->raft.id)
			answered[n++] = pgraft_now_ms();
		else
			answered[n++] = server->id <= PGRAFT_MAX_NODES ? g->beats.answered_ms[server->id] : 0;
	}
	return pgraft_lease_until(answered, n, (int64_t) g->config.election_timeout_ms);
}

void
pgraft_lease_turn(PgraftConsensus *g)
{
	int64_t until = lease_until(g);

	if (until == g->beats.lease_until_ms)
		return;
	g->beats.lease_until_ms = until;
	g->config.hooks.publish_lease(until);
}
