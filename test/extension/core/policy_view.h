/*
 * policy_view.h
 *	  What a server knows, as the tests of the policy bring it about.
 */
#ifndef POLICY_VIEW_H
#define POLICY_VIEW_H

#include "core/policy.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static PgraftVoter voters[3];

/* Three voters, all reachable and with equal reports for term; self is frozen for it. */
static inline PgraftView
follower(int32_t self, uint64_t term)
{
	for (int i = 0; i < 3; i++)
		voters[i] = (PgraftVoter){.node_id = i + 1, .reachable = true, .report = {.term = term, .end_lsn = 0x5000}};
	return (PgraftView){.self = self,
						.raft_known = true,
						.current_term = term,
						.in_recovery = true,
						.frozen_term = term,
						.fit = PGRAFT_FIT_FOLLOW,
						.n_voters = 3,
						.voters = voters,
						.state = &state};
}

static inline PgraftView
leader(int32_t self, uint64_t term)
{
	PgraftView view = follower(self, term);

	view.leader = true;
	view.barrier_applied = true;
	return view;
}

static inline PgraftView
promoting(PgraftView view, uint64_t term, bool in_recovery)
{
	view.promoting_term = term;
	view.in_recovery = in_recovery;
	return view;
}

/* Node 1 was promoted in term 1. */
static inline void
after_first_promotion(void)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
}

#define CHECK_DECISION(the_view, the_action, the_node, the_term) \
	do \
	{ \
		PgraftView check_view = (the_view); \
		PgraftDecision check_d = pgraft_decide(&check_view); \
		CHECK_INT(check_d.action, the_action); \
		CHECK_INT(check_d.node_id, the_node); \
		CHECK_INT(check_d.term, the_term); \
	} while (0)

#define CHECK_WAITS(the_view) CHECK_DECISION(the_view, PGRAFT_WAIT, 0, 0)

#endif
