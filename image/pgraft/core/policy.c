/*
 * policy.c
 *	  Who may stand, who promotes, whom to follow, when to stop, who may rejoin.
 *
 * When something is unknown the answer is the one that writes and overwrites nothing: wait, "ahead".
 */
#include "core/policy.h"

#define FIRST_NODE 1 /* promotes first, so that the documented example holds */

static PgraftDecision
decision(PgraftAction action, int32_t node_id, uint64_t term)
{
	return (PgraftDecision){.action = action, .node_id = node_id, .term = term};
}

static const PgraftPromotion *
newest_promotion(const PgraftState *state)
{
	return state->n_promotions > 0 ? &state->promotions[state->n_promotions - 1] : NULL;
}

static const PgraftVoter *
find_voter(const PgraftView *view, int32_t node_id)
{
	for (int i = 0; i < view->n_voters; i++)
		if (view->voters[i].node_id == node_id)
			return &view->voters[i];
	return NULL;
}

static bool
has_reported(const PgraftView *view, const PgraftVoter *voter)
{
	return voter->report.term == view->current_term;
}

/* Is a not ahead of b?  What cannot be told counts as ahead. */
static bool
is_not_ahead(const PgraftView *view, const PgraftVoter *a, const PgraftVoter *b)
{
	PgraftPosition position_a;
	PgraftPosition position_b;

	return pgraft_report_position(&a->report, view->state, &position_a) &&
		   pgraft_report_position(&b->report, view->state, &position_b) &&
		   pgraft_position_compare(position_a, position_b) <= 0;
}

/* R3, R1: what is left of wiped data is no data, and nobody could follow one who was promoted by hand. */
static bool
is_promotable(const PgraftView *view, const PgraftVoter *voter)
{
	return has_reported(view, voter) && !voter->report.witness && !pgraft_report_by_hand(&voter->report, view->state);
}

/* R6: a majority that includes candidate has reported, and none of them is ahead of it. */
static bool
may_be_promoted(const PgraftView *view, const PgraftVoter *candidate)
{
	int count = 0;

	if (!is_promotable(view, candidate))
		return false;
	for (int i = 0; i < view->n_voters; i++)
		if (has_reported(view, &view->voters[i]) && is_not_ahead(view, &view->voters[i], candidate))
			count++;
	return count > view->n_voters / 2;
}

/* The reachable server that a leader who must not promote hands over to: the one that is ahead of it, or that can be promoted at all; 0: none. */
static int32_t
successor(const PgraftView *view, const PgraftVoter *self)
{
	const PgraftVoter *best = NULL;

	for (int i = 0; i < view->n_voters; i++)
	{
		const PgraftVoter *voter = &view->voters[i];

		if (voter->node_id == view->self || !voter->reachable || !is_promotable(view, voter))
			continue;
		if (is_promotable(view, self) && is_not_ahead(view, voter, self))
			continue;
		if (best == NULL || !is_not_ahead(view, voter, best))
			best = voter;
	}
	return best == NULL ? 0 : best->node_id;
}

/* Not in recovery: promoted in this run, or by hand. */
static PgraftDecision
decide_promoted(const PgraftView *view)
{
	const PgraftPromotion *mine = pgraft_state_promotion(view->state, view->promoting_term);

	if (view->promoting_term == 0)
		return decision(PGRAFT_DISCARD, view->self, 0);
	if (!view->leader || view->current_term != view->promoting_term || view->lease_lost)
		return decision(PGRAFT_FENCE, view->self, view->current_term);
	if (mine == NULL || mine->node_id != view->self)
		return decision(PGRAFT_FENCE, view->self, view->current_term);
	return decision(mine->timeline == 0 ? PGRAFT_COMMIT_RECORD : PGRAFT_SERVE, view->self, mine->term);
}

/*
 * R18: while failover is paused only the server of the last promotion may promote, or the one that leadership was asked to go to: both, since
 * the transfer may have come to nothing.  Of the two the leader prefers itself.
 */
static int32_t
only_candidate(const PgraftView *view)
{
	const PgraftPromotion *last = pgraft_state_last_record(view->state);
	const PgraftVoter *asked = find_voter(view, view->state->successor);

	if (last == NULL)
		return find_voter(view, FIRST_NODE) != NULL ? FIRST_NODE : view->self;
	if (view->state->failover_enabled || last->node_id == view->self)
		return view->self;
	if (asked != NULL && (asked->reachable || asked->node_id == view->self))
		return asked->node_id;
	return last->node_id;
}

/* Leads, its barrier is applied, and it is frozen for its own term. */
static PgraftDecision
decide_leader(const PgraftView *view)
{
	const PgraftVoter *self = find_voter(view, view->self);
	const PgraftPromotion *newest = newest_promotion(view->state);
	int32_t candidate = only_candidate(view);
	int32_t other;

	if (newest != NULL && newest->term >= view->current_term)
	{
		/* A term is good for one promotion: with its record committed, or as another's, it cannot be used again. */
		if (newest->term == view->current_term && newest->node_id == view->self && newest->timeline == 0)
			return decision(PGRAFT_PROMOTE, view->self, view->current_term);
		return decision(PGRAFT_WAIT, 0, 0);
	}
	if (self == NULL)
		return decision(PGRAFT_WAIT, 0, 0);
	if (candidate != view->self)
	{
		const PgraftVoter *voter = find_voter(view, candidate);

		return voter != NULL && voter->reachable ? decision(PGRAFT_HAND_OVER, candidate, view->current_term)
												 : decision(PGRAFT_WAIT, 0, 0);
	}
	if (may_be_promoted(view, self))
		return decision(PGRAFT_COMMIT_INTENT, view->self, view->current_term);
	other = successor(view, self);
	return other != 0 ? decision(PGRAFT_HAND_OVER, other, view->current_term) : decision(PGRAFT_WAIT, 0, 0);
}

/* R7: only the leader of the newest term, and only once the record of its promotion in that term is committed. */
static PgraftDecision
decide_standby(const PgraftView *view)
{
	const PgraftPromotion *last = pgraft_state_last_record(view->state);

	if (last == NULL || last->term != view->current_term || last->node_id == view->self)
		return decision(PGRAFT_WAIT, 0, 0);
	if (view->following_term == last->term || view->fit == PGRAFT_FIT_FOLLOW)
		return decision(PGRAFT_FOLLOW, last->node_id, last->term);
	return decision(PGRAFT_REJOIN, last->node_id, last->term);
}

PgraftDecision
pgraft_decide(const PgraftView *view)
{
	if (!view->in_recovery)
		return decide_promoted(view);

	/* S2: nothing is known of newer terms, and nothing is told to anybody, so streaming on does no harm, unless it was removed. */
	if (!view->raft_known)
		return decision(view->member ? PGRAFT_STAY : PGRAFT_WAIT, 0, 0);
	if (view->current_term == 0)
		return decision(PGRAFT_STAY, 0, 0);

	/* A promotion that was asked for cannot be called back: the postmaster has the signal. */
	if (view->promoting_term != 0)
		return view->leader && view->current_term == view->promoting_term
				   ? decision(PGRAFT_AWAIT_PROMOTION, view->self, view->promoting_term)
				   : decision(PGRAFT_FENCE, view->self, view->current_term);
	if (view->frozen_term < view->current_term)
		return decision(PGRAFT_FREEZE, view->self, view->current_term);
	if (!view->leader)
		return decide_standby(view);

	/* S1: before the barrier a new leader does not know what its predecessors committed. */
	return view->barrier_applied ? decide_leader(view) : decision(PGRAFT_WAIT, 0, 0);
}

static int
count_reachable(const PgraftVoter *voters, int n_voters, int32_t except)
{
	int count = 0;

	for (int i = 0; i < n_voters; i++)
		count += voters[i].reachable && voters[i].node_id != except;
	return count;
}

static const PgraftVoter *
wanting(const PgraftVoter *servers, int n, int32_t node_id)
{
	for (int i = 0; i < n; i++)
		if (servers[i].reachable && servers[i].report.wants_rejoin && (node_id == 0 || servers[i].node_id == node_id))
			return &servers[i];
	return NULL;
}

int32_t
pgraft_grant_rejoin(const PgraftVoter *voters, int n_voters, const PgraftVoter *spares, int n_spares, int32_t self,
					int32_t current)
{
	const PgraftVoter *spare = wanting(spares, n_spares, 0);

	if (current != 0 && (wanting(voters, n_voters, current) != NULL || wanting(spares, n_spares, current) != NULL))
		return current;
	if (spare != NULL)
		return spare->node_id;
	for (int i = 0; i < n_voters; i++)
		if (voters[i].node_id != self && voters[i].reachable && voters[i].report.wants_rejoin &&
			count_reachable(voters, n_voters, voters[i].node_id) > n_voters / 2)
			return voters[i].node_id;
	return 0;
}

bool
pgraft_may_stand(const PgraftState *state, int32_t self)
{
	return pgraft_state_last_record(state) != NULL || self == FIRST_NODE;
}
