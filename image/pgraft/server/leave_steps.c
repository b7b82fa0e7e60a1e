/*
 * leave_steps.c
 *	  Stopping the server, so that the entry point starts it again in recovery: with its data as it is, rewound, or cloned.
 */
#include "postgres.h"

#include <signal.h>

#include "access/timeline.h"
#include "access/xlog.h"
#include "miscadmin.h"

#include "core/cluster_spec.h"
#include "net/clock.h"
#include "server/ask.h"
#include "server/commit_hold.h"
#include "server/event_queue.h"
#include "server/role_steps.h"
#include "server/settings.h"

/* A deposed primary accepts no commits; it can afford this. */
#define ANSWER_MS 300

static void
stop_postmaster(PgraftRoleTurn *turn, int signal, const char *why)
{
	if (turn->stopping)
		return;
	turn->stopping = true;
	ereport(LOG, errmsg("pgraft: this server stops, to come back as a standby: %s", why));
	if (kill(PostmasterPid, signal) != 0)
		ereport(ERROR, errmsg("could not signal the postmaster: %m"));
}

/* A session that gave leadership away, and those whose commits waited meanwhile, still have to hear what came of it. */
static bool
owes_answers(const PgraftRoleTurn *turn)
{
	return pgraft_now_ms() - turn->fenced_ms < ANSWER_MS && (pgraft_commits_waiting() || pgraft_answers_pending());
}

/* R17: at once; a fast shutdown would wait for a checkpoint and for the walsenders. */
void
pgraft_step_fence(PgraftRoleTurn *turn)
{
	pgraft_refuse_commits(turn, "it no longer leads the term of its promotion");
	if (turn->fenced_ms == 0)
	{
		turn->fenced_ms = pgraft_now_ms();
		pgraft_note_event(PGRAFT_EVENT_FENCED, turn->role.promoting_term, turn->role.message);
		pgraft_events_save();
	}
	if (!owes_answers(turn))
		stop_postmaster(turn, SIGQUIT, turn->role.message);
}

static void
address_of(const PgraftRoleTurn *turn, int32_t node_id, PgraftRejoin *rejoin)
{
	const PgraftMember *member = pgraft_state_member(&turn->state, node_id);
	uint16_t raft_port;
	char why[256];

	if (member == NULL)
		return;
	for (int i = 0; i < turn->raft.n_peers; i++)
	{
		const PgraftPeerStatus *peer = &turn->raft.peers[i];

		if (peer->node_id != node_id ||
			!pgraft_address_parse(peer->address, rejoin->host, sizeof rejoin->host, &raft_port, why, sizeof why))
			continue;
		rejoin->node_id = node_id;
		rejoin->port = member->postgres_port;
	}
}

/* PostgreSQL's recovery may already aim at a timeline that no WAL came of: it has to begin anew. */
void
pgraft_step_drop_unused_links(PgraftRoleTurn *turn, XLogRecPtr end)
{
	if (turn->stopping)
		return;
	turn->chain.n = pgraft_links_in_use(turn->chain.links, turn->chain.n, end);
	pgraft_chain_save(&turn->chain);
	stop_postmaster(turn, SIGINT, "it has no WAL of the newest promotion that it followed");
}

/* The primary has heard of the wish and grants it, and how far the new data has to reach is known. */
static bool
may_stop(PgraftRoleTurn *turn, uint64_t term)
{
	const PgraftBeat *beat = &turn->raft.beat;

	if (!turn->report.wants_rejoin)
	{
		turn->report.wants_rejoin = true;
		LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
		pgraft_shared->report.wants_rejoin = true;
		LWLockRelease(pgraft_shared->lock);
		pgraft_wake_consensus();
	}
	return beat->promotion_term == term && beat->flush_lsn != 0 && beat->rejoin_node == pgraft_node_id;
}

void
pgraft_step_rejoin(PgraftRoleTurn *turn, int32_t node_id, uint64_t term)
{
	PgraftRejoin rejoin;
	const PgraftBeat *beat = &turn->raft.beat;

	if (turn->stopping)
		return;
	pgraft_refuse_commits(turn, turn->fit == PGRAFT_FIT_CLONE
									? "its data cannot follow the primary's history: it has to be cloned anew"
									: "it has WAL that the primary never had: it has to be rewound");
	if (!may_stop(turn, term))
		return;
	memset(&rejoin, 0, sizeof rejoin);
	rejoin.clone = turn->fit == PGRAFT_FIT_CLONE;
	rejoin.state = PGRAFT_REJOIN_REQUESTED;
	rejoin.incomplete = turn->role.witness;
	rejoin.term = term;
	rejoin.until_lsn = beat->flush_lsn;
	rejoin.old = turn->report;
	address_of(turn, node_id, &rejoin);
	pgraft_rejoin_save(&rejoin);
	stop_postmaster(turn, SIGINT, turn->role.message);
}

/* Where the history of a timeline leaves the chain: nothing behind it can have been confirmed. */
static XLogRecPtr
end_of_chain(const PgraftChain *chain, TimeLineID timeline)
{
	List *history = readTimeLineHistory(timeline);
	TimeLineID newest = chain->n > 0 ? chain->links[chain->n - 1].timeline : 0;
	XLogRecPtr end = InvalidXLogRecPtr;
	ListCell *cell;

	foreach (cell, history)
	{
		const TimeLineHistoryEntry *entry = lfirst(cell);

		if (entry->tli == newest || (newest == 0 && lnext(history, cell) == NULL))
			end = entry->end;
	}
	list_free_deep(history);
	return end;
}

/* R17: promoted by hand.  It can have committed nothing; its pages may hold what no other server has, so the data goes. */
void
pgraft_step_discard(PgraftRoleTurn *turn)
{
	PgraftRejoin rejoin;

	pgraft_refuse_commits(turn, "it was promoted by hand: its data has to be cloned anew");
	if (turn->stopping)
		return;
	memset(&rejoin, 0, sizeof rejoin);
	rejoin.clone = true;
	rejoin.state = PGRAFT_REJOIN_WORKING;
	rejoin.incomplete = true;
	if (turn->role.witness)
		rejoin.old = turn->witness.old;
	else
	{
		rejoin.old.end_lsn = end_of_chain(&turn->chain, GetWALInsertionTimeLine());
		pgraft_chain_report(&turn->chain, &rejoin.old);
	}
	pgraft_rejoin_save(&rejoin);
	stop_postmaster(turn, SIGQUIT, turn->role.message);
}
