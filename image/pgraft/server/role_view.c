/*
 * role_view.c
 *	  What the role worker knows in a turn, and what core/policy.c makes of it.
 */
#include "postgres.h"

#include "access/xlog.h"

#include "net/clock.h"
#include "server/role_steps.h"
#include "server/settings.h"

static void
read_shared(PgraftRoleTurn *turn)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	turn->raft = pgraft_shared->raft;
	if (turn->state_generation != pgraft_shared->state_generation)
	{
		turn->state = pgraft_shared->state;
		turn->state_generation = pgraft_shared->state_generation;
	}
	turn->role = pgraft_shared->role;
	turn->report = pgraft_shared->report;
	turn->barrier = pgraft_shared->barrier;
	turn->barrier_reached = pgraft_shared->barrier_reached;
	turn->hand_over_to = pgraft_shared->hand_over_to;
	turn->hand_over_wish = pgraft_shared->hand_over_wish;
	turn->proposal_settled = pgraft_shared->proposal_settled == pgraft_shared->proposal_ticket;
	LWLockRelease(pgraft_shared->lock);
}

/* The lease is out for longer than a stall of this server's own processes may last. */
static bool
lease_is_lost(PgraftRoleTurn *turn)
{
	int64_t until = (int64_t) pg_atomic_read_u64(&pgraft_shared->lease_until_ms);

	turn->lease_good_ms = Max(turn->lease_good_ms, until);
	return pgraft_now_ms() - turn->lease_good_ms > pgraft_election_timeout;
}

static void
list_members(PgraftRoleTurn *turn)
{
	turn->n_voters = turn->n_spares = 0;
	for (int i = 0; i < turn->raft.n_peers; i++)
	{
		const PgraftPeerStatus *peer = &turn->raft.peers[i];
		PgraftVoter *member = peer->voter ? &turn->voters[turn->n_voters++] : &turn->spares[turn->n_spares++];

		member->node_id = peer->node_id;
		member->reachable = peer->reachable;
		member->report = peer->node_id == pgraft_node_id ? turn->report : peer->report;
	}
}

void
pgraft_role_look(PgraftRoleTurn *turn)
{
	read_shared(turn);
	list_members(turn);
}

PgraftDecision
pgraft_role_decide(PgraftRoleTurn *turn)
{
	PgraftView view = {
		.self = pgraft_node_id,
		.raft_known = turn->raft.role != PGRAFT_RAFT_UNAVAILABLE,
		.member = turn->raft.n_peers > 0,
		.leader = turn->raft.role == PGRAFT_RAFT_LEADER,
		.barrier_applied = turn->raft.barrier_term == turn->raft.term,
		.current_term = turn->raft.term,
		.in_recovery = RecoveryInProgress(),
		.promoting_term = turn->role.promoting_term,
		.frozen_term = turn->role.frozen_term,
		.following_term = turn->role.following_term,
		.n_voters = turn->n_voters,
		.voters = turn->voters,
		.state = &turn->state,
	};

	if (view.in_recovery && !view.leader && view.raft_known && view.following_term != view.current_term)
		view.fit = pgraft_compute_fit(turn);
	view.lease_lost = !view.in_recovery && lease_is_lost(turn);
	return pgraft_decide(&view);
}
