/*
 * promotions.c
 *	  What the state machine makes of intents and records (safety.md R1).
 */
#include "core/state_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/state_parts.h"

bool
pgraft_apply_intent(PgraftState *state, const PgraftEntry *entry)
{
	PgraftPromotion *promotion;
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0 || entry->term == 0)
		return false;
	if (state->n_promotions > 0 && entry->term <= state->promotions[state->n_promotions - 1].term)
		return false;
	if (state->n_promotions == PGRAFT_MAX_PROMOTIONS)
	{
		state->n_promotions--;
		memmove(state->promotions, state->promotions + 1, (size_t) state->n_promotions * sizeof(PgraftPromotion));
	}
	promotion = &state->promotions[state->n_promotions++];
	memset(promotion, 0, sizeof(*promotion));
	promotion->term = entry->term;
	promotion->node_id = entry->node_id;
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " is going to promote for term %" PRIu64, entry->node_id,
					entry->term);
	pgraft_add_event(state, entry, PGRAFT_EVENT_PROMOTION_STARTED, detail);
	return true;
}

/* Where in promotions the one of term is, -1 if unknown. */
static int
promotion_index(const PgraftState *state, uint64_t term)
{
	int i = state->n_promotions - 1;

	while (i >= 0 && state->promotions[i].term != term)
		i--;
	return i;
}

/* A history as one server can have it: terms and timelines ascend, and each timeline leaves an older one. */
static bool
history_valid(const PgraftPromotion *links, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (links[i].term == 0 || links[i].node_id <= 0)
			return false;
		if (links[i].parent == 0 || links[i].parent >= links[i].timeline)
			return false;
		if (i > 0 && (links[i].term <= links[i - 1].term || links[i].timeline <= links[i - 1].timeline))
			return false;
	}
	return true;
}

/* An intent learns what came of it; a record never changes. */
static void
fill_in(PgraftPromotion *promotion, const PgraftPromotion *link)
{
	if (promotion->timeline != 0 || promotion->node_id != link->node_id)
		return;
	promotion->timeline = link->timeline;
	promotion->parent = link->parent;
	promotion->fork_lsn = link->fork_lsn;
}

static void
set_history(PgraftState *state, const PgraftPromotion *links, int n)
{
	state->n_history = n;
	memset(state->history, 0, sizeof(state->history));
	memcpy(state->history, links, (size_t) n * sizeof(PgraftPromotion));
}

bool
pgraft_apply_record(PgraftState *state, const PgraftEntry *entry)
{
	int n = entry->u.record.n_links;
	const PgraftPromotion *links = entry->u.record.links;
	const PgraftPromotion *newest = pgraft_state_last_record(state);
	const PgraftPromotion *intent = pgraft_state_promotion(state, entry->term);
	char detail[PGRAFT_DETAIL_SIZE];

	if (intent == NULL || intent->node_id != entry->node_id)
		return false;
	if (newest != NULL && entry->term <= newest->term)
		return false;
	if (n < 1 || n > PGRAFT_MAX_PROMOTIONS || links[n - 1].term != entry->term ||
		links[n - 1].node_id != entry->node_id || !history_valid(links, n))
		return false;
	for (int i = 0; i < n; i++)
	{
		int known = promotion_index(state, links[i].term);

		if (known >= 0)
			fill_in(&state->promotions[known], &links[i]);
	}
	set_history(state, links, n);
	state->successor = 0;
	(void) snprintf(detail, sizeof(detail),
					"node %" PRId32 " is the primary on timeline %" PRIu32 ", which leaves timeline %" PRIu32
					" at %" PRIX32 "/%" PRIX32,
					entry->node_id, links[n - 1].timeline, links[n - 1].parent,
					(uint32_t) (links[n - 1].fork_lsn >> 32), (uint32_t) links[n - 1].fork_lsn);
	pgraft_add_event(state, entry, PGRAFT_EVENT_PROMOTED, detail);
	return true;
}

/* What the lost group knew of promotions is what this server's data tells: positions and histories go on from there. */
bool
pgraft_apply_recovered(PgraftState *state, const PgraftEntry *entry)
{
	int n = entry->u.record.n_links;
	const PgraftPromotion *links = entry->u.record.links;
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0 || state->n_promotions > 0 || state->n_history > 0)
		return false;
	if (n < 0 || n > PGRAFT_MAX_PROMOTIONS || !history_valid(links, n))
		return false;
	state->n_promotions = n;
	memcpy(state->promotions, links, (size_t) n * sizeof(PgraftPromotion));
	set_history(state, links, n);
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " has formed a new group from its own data",
					entry->node_id);
	pgraft_add_event(state, entry, PGRAFT_EVENT_RECOVERED, detail);
	return true;
}

const PgraftPromotion *
pgraft_state_last_record(const PgraftState *state)
{
	for (int i = state->n_promotions - 1; i >= 0; i--)
		if (state->promotions[i].timeline != 0)
			return &state->promotions[i];
	return NULL;
}

const PgraftPromotion *
pgraft_state_pending_intent(const PgraftState *state)
{
	const PgraftPromotion *newest;

	if (state->n_promotions == 0)
		return NULL;
	newest = &state->promotions[state->n_promotions - 1];
	return newest->timeline == 0 ? newest : NULL;
}

const PgraftPromotion *
pgraft_state_promotion(const PgraftState *state, uint64_t term)
{
	int i = promotion_index(state, term);

	return i >= 0 ? &state->promotions[i] : NULL;
}
