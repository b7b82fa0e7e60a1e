/*
 * status_change.c
 *	  See status_change.h.
 */
#include "server/status_change.h"

#include "core/peer_message.h"

static bool
peers_matter(const PgraftRaftStatus *a, const PgraftRaftStatus *b)
{
	if (a->n_peers != b->n_peers)
		return true;
	for (int i = 0; i < a->n_peers; i++)
	{
		const PgraftPeerStatus *before = &a->peers[i];
		const PgraftPeerStatus *now = &b->peers[i];

		if (before->node_id != now->node_id || before->voter != now->voter || before->reachable != now->reachable ||
			!pgraft_report_equal(&before->report, &now->report))
			return true;
	}
	return false;
}

bool
pgraft_matters_to_roles(const PgraftRaftStatus *a, const PgraftRaftStatus *b)
{
	return a->role != b->role || a->term != b->term || a->leader_id != b->leader_id || a->quorum != b->quorum ||
		   a->barrier_term != b->barrier_term || a->beat.promotion_term != b->beat.promotion_term ||
		   a->configuration_index != b->configuration_index ||
		   a->configuration_committed != b->configuration_committed || peers_matter(a, b);
}
