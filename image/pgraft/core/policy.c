/*
 * policy.c
 *	  Who may stand, who promotes, whom to follow, which history belongs to which, who confirms a commit.
 *
 * When something is unknown the answer is the one that writes and overwrites nothing: wait, "not behind", a synchronous
 * setting that nobody satisfies.
 */
#include "core/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_NODE 1 /* promotes first, so that the documented example holds */

/*
 * application_name is cut to 63 bytes by PostgreSQL, synchronous_standby_names is not: a longer name would never match,
 * and no commit would ever be confirmed.
 */
#define APPLICATION_NAME_MAX 63
#define INCARNATION_DIGITS	 8

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

static int32_t
owner_of(const PgraftPromotion *last_record)
{
	return last_record != NULL ? last_record->node_id : FIRST_NODE;
}

static bool
superseded_by_another(const PgraftView *view)
{
	for (int i = 0; i < view->state->n_promotions; i++)
	{
		const PgraftPromotion *promotion = &view->state->promotions[i];

		if (promotion->term > view->promoting_term && promotion->node_id != view->self)
			return true;
	}
	return false;
}

/* This server has promoted in this run. */
static PgraftDecision
decide_promoted(const PgraftView *view)
{
	const PgraftPromotion *mine = pgraft_state_promotion(view->state, view->promoting_term);

	if (mine == NULL || mine->node_id != view->self)
		return decision(PGRAFT_WAIT, 0, 0);
	if (mine->timeline != 0)
	{
		/*
		 * Leading is not asked for here: nobody else can promote so far.  Who may confirm is the synchronous setting's
		 * matter, and who must stop the fence's.
		 */
		if (mine == pgraft_state_last_record(view->state))
			return decision(PGRAFT_SERVE, view->self, mine->term);
		return decision(PGRAFT_WAIT, 0, 0);
	}
	if (view->leader && view->barrier_applied && !superseded_by_another(view))
		return decision(PGRAFT_COMMIT_RECORD, view->self, mine->term);
	return decision(PGRAFT_WAIT, 0, 0);
}

/* This server leads, its barrier is applied, and it is in recovery. */
static PgraftDecision
decide_leader(const PgraftView *view)
{
	int32_t owner = owner_of(pgraft_state_last_record(view->state));
	const PgraftPromotion *newest = newest_promotion(view->state);

	if (owner != view->self)
		return decision(PGRAFT_HAND_OVER, owner, 0);
	if (view->promoting_term != 0)
	{
		if (newest != NULL && newest->term == view->promoting_term && newest->node_id == view->self)
			return decision(PGRAFT_AWAIT_PROMOTION, view->self, view->promoting_term);
		return decision(PGRAFT_WAIT, 0, 0);
	}
	if (newest == NULL || newest->term < view->current_term)
		return decision(PGRAFT_COMMIT_INTENT, view->self, view->current_term);

	/* A term is good for one promotion: with its record committed, or as another's, it cannot be used again. */
	if (newest->term == view->current_term && newest->node_id == view->self && newest->timeline == 0)
		return decision(PGRAFT_PROMOTE, view->self, view->current_term);
	return decision(PGRAFT_WAIT, 0, 0);
}

static PgraftDecision
decide_follower(const PgraftView *view)
{
	const PgraftPromotion *last = pgraft_state_last_record(view->state);

	if (last == NULL || last->node_id == view->self || pgraft_state_pending_intent(view->state) != NULL)
		return decision(PGRAFT_WAIT, 0, 0);
	return decision(PGRAFT_FOLLOW, last->node_id, last->term);
}

PgraftDecision
pgraft_decide(const PgraftView *view)
{
	/* Promoted by hand: nobody knows its history, so it does nothing until it is made anew. */
	if (!view->in_recovery && view->promoting_term == 0)
		return decision(PGRAFT_WAIT, 0, 0);
	if (!view->in_recovery)
		return decide_promoted(view);
	if (!view->leader)
		return decide_follower(view);

	/* Before the barrier a new leader does not know what its predecessors committed. */
	if (!view->barrier_applied || view->current_term == 0)
		return decision(PGRAFT_WAIT, 0, 0);
	return decide_leader(view);
}

bool
pgraft_may_stand(const PgraftState *state, int32_t self)
{
	return pgraft_state_last_record(state) != NULL || self == FIRST_NODE;
}

static bool
links_agree(const PgraftPromotion *a, const PgraftPromotion *b)
{
	return a->term == b->term && a->timeline == b->timeline && a->parent == b->parent &&
		   (a->fork_lsn == b->fork_lsn || a->fork_lsn == 0 || b->fork_lsn == 0);
}

/*
 * Lay chain over primary at the first term that both know.  If it is the beginning of it, returns true and in *next
 * where primary goes on (n_primary if it does not).
 */
static bool
match_chains(const PgraftPromotion *chain, int n_chain, const PgraftPromotion *primary, int n_primary, int *next)
{
	int i = 0;
	int j = 0;

	*next = 0;
	if (n_chain == 0)
		return true;
	while (i < n_chain && j < n_primary && chain[i].term != primary[j].term)
	{
		if (chain[i].term < primary[j].term)
			i++;
		else
			j++;
	}

	/* Only one side can have dropped its oldest links: links on both sides before the first common one are a fork. */
	if (i >= n_chain || j >= n_primary || (i > 0 && j > 0) || n_chain - i > n_primary - j)
		return false;
	for (; i < n_chain; i++, j++)
		if (!links_agree(&chain[i], &primary[j]))
			return false;
	*next = j;
	return true;
}

bool
pgraft_chain_is_prefix(const PgraftPromotion *chain, int n_chain, const PgraftPromotion *primary, int n_primary)
{
	int next;

	return match_chains(chain, n_chain, primary, n_primary, &next);
}

bool
pgraft_chain_is_behind(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn, const PgraftPromotion *primary,
					   int n_primary)
{
	int next;

	if (!match_chains(chain, n_chain, primary, n_primary, &next))
		return false;
	if (next >= n_primary)
		return true;

	/* Without a link to hold on to, the primary's first is the next one only if it never dropped any. */
	if (n_chain == 0 && n_primary >= PGRAFT_MAX_PROMOTIONS)
		return false;
	if (n_chain > 0 && primary[next].parent != chain[n_chain - 1].timeline)
		return false;
	return primary[next].fork_lsn != 0 && end_lsn <= primary[next].fork_lsn;
}

int
pgraft_sync_count(int n_voters)
{
	return n_voters / 2;
}

void
pgraft_application_name(const PgraftMember *member, char *buf, size_t size)
{
	if (member->name[0] == '\0' || strlen(member->incarnation) < INCARNATION_DIGITS)
		(void) snprintf(buf, size, "%" PRId32 "_unknown", member->node_id);
	else
		(void) snprintf(buf, size, "%.*s_%.*s", APPLICATION_NAME_MAX - 1 - INCARNATION_DIGITS, member->name,
						INCARNATION_DIGITS, member->incarnation);
}

static void append(char *buf, size_t size, size_t *used, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* *used is size once something did not fit. */
static void
append(char *buf, size_t size, size_t *used, const char *format, ...)
{
	va_list args;
	int length;

	if (*used >= size)
		return;
	va_start(args, format);
	length = vsnprintf(buf + *used, size - *used, format, args);
	va_end(args);
	*used = (length < 0 || (size_t) length >= size - *used) ? size : *used + (size_t) length;
}

static void
append_voter(const PgraftState *state, int32_t node_id, bool first, char *buf, size_t size, size_t *used)
{
	const PgraftMember unknown = {.node_id = node_id};
	const PgraftMember *member = pgraft_state_member(state, node_id);
	char name[APPLICATION_NAME_MAX + 1];

	pgraft_application_name(member != NULL ? member : &unknown, name, sizeof(name));
	append(buf, size, used, "%s\"%s\"", first ? "" : ", ", name);
}

static bool
contains(const int32_t *ids, int n, int32_t id)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * A majority of the voters must hold a commit.  self is one of them as a rule; while it is none (being removed) its own
 * copy does not count, and one more must confirm.
 */
int
pgraft_format_sync_names(const PgraftState *state, int32_t self, const int32_t *voters, int n_voters, char *buf,
						 size_t size)
{
	bool self_votes = contains(voters, n_voters, self);
	int n_others = 0;
	size_t used = 0;

	if (size == 0)
		return -1;
	buf[0] = '\0';
	if (n_voters == 1 && self_votes)
		return 0;
	append(buf, size, &used, "ANY %d (", pgraft_sync_count(n_voters) + (self_votes ? 0 : 1));
	for (int i = 0; i < n_voters; i++)
	{
		if (voters[i] == self)
			continue;
		append_voter(state, voters[i], n_others == 0, buf, size, &used);
		n_others++;
	}

	/* An unknown configuration must not mean "release every waiting commit", nor be a syntax error. */
	if (n_others == 0)
		append_voter(state, 0, true, buf, size, &used);
	append(buf, size, &used, ")");
	if (used < size)
		return (int) used;
	buf[0] = '\0';
	return -1;
}
