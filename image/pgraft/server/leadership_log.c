/*
 * leadership_log.c
 *	  See leadership_log.h.
 *
 * npm run bench -- timeline reads these lines (bench/timeline/steps.ts).
 */
#include "postgres.h"

#include "access/xlogdefs.h"

#include "server/leadership_log.h"
#include "server/settings.h"

/* With pre-vote, a server first asks in the old term whether it could win, and stands in a new one only then. */
static void
log_candidacy(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	if (now->role != PGRAFT_RAFT_CANDIDATE)
		return;
	if (now->term != before->term)
		ereport(LOG, errmsg("pgraft: this server stands for election, in term " UINT64_FORMAT, now->term));
	else if (before->role != PGRAFT_RAFT_CANDIDATE)
		ereport(LOG,
				errmsg("pgraft: this server asks the others for their pre-vote, in term " UINT64_FORMAT, now->term));
}

static void
log_vote(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	if (now->voted_for == 0 || now->voted_for == pgraft_node_id)
		return;
	if (now->voted_for != before->voted_for || now->term != before->term)
		ereport(LOG,
				errmsg("pgraft: this server votes for node %d, in term " UINT64_FORMAT, now->voted_for, now->term));
}

static void
log_leader(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	if (now->leader_id != 0 && (now->leader_id != before->leader_id || now->term != before->term))
		ereport(LOG, errmsg("pgraft: node %d leads, in term " UINT64_FORMAT, now->leader_id, now->term));
}

static bool
had_reported(const PgraftRaftStatus *before, const PgraftPeerStatus *peer)
{
	for (int i = 0; i < before->n_peers; i++)
		if (before->peers[i].node_id == peer->node_id)
			return before->peers[i].report.term == peer->report.term;
	return false;
}

/* Only a leader hears them. */
static void
log_reports(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	for (int i = 0; i < now->n_peers; i++)
	{
		const PgraftPeerStatus *peer = &now->peers[i];

		if (peer->node_id != pgraft_node_id && peer->report.term != 0 && !had_reported(before, peer))
			ereport(LOG, errmsg("pgraft: node %d has reported for term " UINT64_FORMAT ", its WAL ends at %X/%X",
								peer->node_id, peer->report.term, LSN_FORMAT_ARGS(peer->report.end_lsn)));
	}
}

void
pgraft_log_leadership(const PgraftRaftStatus *before, const PgraftRaftStatus *now)
{
	/* What a worker reads from its disk when it starts is no news. */
	if (before->role == PGRAFT_RAFT_UNAVAILABLE || now->role == PGRAFT_RAFT_UNAVAILABLE)
		return;
	log_candidacy(before, now);
	log_vote(before, now);
	log_leader(before, now);
	log_reports(before, now);
}
