/*
 * state_machine.c
 *	  What every member computes, equally, from the committed log.
 *
 * Strings are copied with their fields zeroed first, so that equal logs give states that are equal byte for byte.
 */
#include "core/state_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cluster_spec.h"

static void copy_text(char *field, size_t size, const char *text);
static void add_event(PgraftState *state, const PgraftEntry *entry, PgraftEventType type, const char *detail);

void
pgraft_state_init(PgraftState *state)
{
	memset(state, 0, sizeof(*state));
	state->failover_enabled = true;
}

static bool
apply_config(PgraftState *state, const PgraftEntry *entry)
{
	const char *key = entry->u.config.key;
	const char *value = entry->u.config.value;
	char detail[PGRAFT_NAME_SIZE + PGRAFT_VALUE_SIZE + 8];

	if (strcmp(key, "cluster_name") == 0)
		copy_text(state->cluster_name, sizeof(state->cluster_name), value);
	else if (strcmp(key, "failover_enabled") == 0 && strcmp(value, "true") == 0)
		state->failover_enabled = true;
	else if (strcmp(key, "failover_enabled") == 0 && strcmp(value, "false") == 0)
		state->failover_enabled = false;
	else
		return false;
	(void) snprintf(detail, sizeof(detail), "%s = \"%s\"", key, value);
	add_event(state, entry, PGRAFT_EVENT_CONFIG_CHANGED, detail);
	return true;
}

/* The entry of node_id, or a new one; NULL if there is no room. */
static PgraftMember *
member_slot(PgraftState *state, int32_t node_id)
{
	for (int i = 0; i < state->n_members; i++)
		if (state->members[i].node_id == node_id)
			return &state->members[i];
	if (state->n_members >= PGRAFT_MAX_NODES)
		return NULL;
	return &state->members[state->n_members++];
}

/*
 * Names and incarnations end up in synchronous_standby_names, so nothing else than what they may consist of gets in.
 */
static bool
apply_member(PgraftState *state, const PgraftEntry *entry)
{
	const PgraftMember *member = &entry->u.member;
	PgraftMember *slot;
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0 || !pgraft_name_valid(member->name))
		return false;
	if (member->incarnation[0] != '\0' && !pgraft_incarnation_valid(member->incarnation))
		return false;
	slot = member_slot(state, entry->node_id);
	if (slot == NULL)
		return false;
	memset(slot, 0, sizeof(*slot));
	slot->node_id = entry->node_id;
	slot->postgres_port = member->postgres_port;
	copy_text(slot->name, sizeof(slot->name), member->name);
	copy_text(slot->incarnation, sizeof(slot->incarnation), member->incarnation);
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " is %s, PostgreSQL port %u", slot->node_id, slot->name,
					slot->postgres_port);
	add_event(state, entry, PGRAFT_EVENT_MEMBER_CHANGED, detail);
	return true;
}

static bool
apply_intent(PgraftState *state, const PgraftEntry *entry)
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
	add_event(state, entry, PGRAFT_EVENT_PROMOTION_STARTED, detail);
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

static bool
apply_record(PgraftState *state, const PgraftEntry *entry)
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
	state->n_history = n;
	memset(state->history, 0, sizeof(state->history));
	memcpy(state->history, links, (size_t) n * sizeof(PgraftPromotion));
	(void) snprintf(detail, sizeof(detail),
					"node %" PRId32 " is the primary on timeline %" PRIu32 ", which leaves timeline %" PRIu32
					" at %" PRIX32 "/%" PRIX32,
					entry->node_id, links[n - 1].timeline, links[n - 1].parent,
					(uint32_t) (links[n - 1].fork_lsn >> 32), (uint32_t) links[n - 1].fork_lsn);
	add_event(state, entry, PGRAFT_EVENT_PROMOTED, detail);
	return true;
}

static bool
apply_leader(PgraftState *state, const PgraftEntry *entry)
{
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0)
		return false;
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " leads in term %" PRIu64, entry->node_id, entry->term);
	add_event(state, entry, PGRAFT_EVENT_LEADER_ELECTED, detail);
	return true;
}

bool
pgraft_state_apply(PgraftState *state, const PgraftEntry *entry)
{
	switch (entry->type)
	{
		case PGRAFT_ENTRY_CONFIG:
			return apply_config(state, entry);
		case PGRAFT_ENTRY_MEMBER:
			return apply_member(state, entry);
		case PGRAFT_ENTRY_INTENT:
			return apply_intent(state, entry);
		case PGRAFT_ENTRY_RECORD:
			return apply_record(state, entry);
		case PGRAFT_ENTRY_LEADER:
			return apply_leader(state, entry);
	}
	return false;
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

const PgraftMember *
pgraft_state_member(const PgraftState *state, int32_t node_id)
{
	for (int i = 0; i < state->n_members; i++)
		if (state->members[i].node_id == node_id)
			return &state->members[i];
	return NULL;
}

/* As much of text as fits, cut between characters: SQL shows details and values, and takes whole UTF-8 only. */
static void
copy_text(char *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
	{
		length = size - 1;
		while (length > 0 && ((unsigned char) text[length] & 0xc0) == 0x80)
			length--;
	}
	memset(field, 0, size);
	memcpy(field, text, length);
}

static void
add_event(PgraftState *state, const PgraftEntry *entry, PgraftEventType type, const char *detail)
{
	PgraftEvent *event;

	if (state->n_events == PGRAFT_MAX_EVENTS)
	{
		state->n_events--;
		memmove(state->events, state->events + 1, (size_t) state->n_events * sizeof(PgraftEvent));
	}
	event = &state->events[state->n_events++];
	memset(event, 0, sizeof(*event));
	event->at_ms = entry->at_ms;
	event->term = entry->term;
	event->node_id = entry->node_id;
	event->type = (int32_t) type;
	copy_text(event->detail, sizeof(event->detail), detail);
}
