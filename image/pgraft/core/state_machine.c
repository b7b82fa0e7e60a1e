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
#include "core/state_parts.h"

void
pgraft_state_init(PgraftState *state)
{
	memset(state, 0, sizeof(*state));
	state->failover_enabled = true;
}

/* Told once by the first leader: it tells this group from every other one for as long as there is its log. */
static bool
apply_group_id(PgraftState *state, const char *value)
{
	if (state->group_id[0] != '\0' || !pgraft_incarnation_valid(value))
		return false;
	pgraft_copy_text(state->group_id, sizeof(state->group_id), value);
	return true;
}

static bool
apply_config(PgraftState *state, const PgraftEntry *entry)
{
	const char *key = entry->u.config.key;
	const char *value = entry->u.config.value;
	char detail[PGRAFT_NAME_SIZE + PGRAFT_VALUE_SIZE + 8];

	if (strcmp(key, "group_id") == 0)
		return apply_group_id(state, value);
	if (strcmp(key, "cluster_name") == 0)
		pgraft_copy_text(state->cluster_name, sizeof(state->cluster_name), value);
	else if (strcmp(key, "failover_enabled") == 0 && strcmp(value, "true") == 0)
		state->failover_enabled = true;
	else if (strcmp(key, "failover_enabled") == 0 && strcmp(value, "false") == 0)
		state->failover_enabled = false;
	else
		return false;
	(void) snprintf(detail, sizeof(detail), "%s = \"%s\"", key, value);
	pgraft_add_event(state, entry, PGRAFT_EVENT_CONFIG_CHANGED, detail);
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
	pgraft_copy_text(slot->name, sizeof(slot->name), member->name);
	pgraft_copy_text(slot->incarnation, sizeof(slot->incarnation), member->incarnation);
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " is %s, PostgreSQL port %u", slot->node_id, slot->name,
					slot->postgres_port);
	pgraft_add_event(state, entry, PGRAFT_EVENT_MEMBER_CHANGED, detail);
	return true;
}

static bool
apply_leader(PgraftState *state, const PgraftEntry *entry)
{
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0)
		return false;
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 " leads in term %" PRIu64, entry->node_id, entry->term);
	pgraft_add_event(state, entry, PGRAFT_EVENT_LEADER_ELECTED, detail);
	return true;
}

/* A name and an incarnation that are kept would be taken for those of whoever gets the id next. */
static bool
apply_removed(PgraftState *state, const PgraftEntry *entry)
{
	const PgraftMember *member = pgraft_state_member(state, entry->node_id);
	char detail[PGRAFT_DETAIL_SIZE];
	int i;

	if (member == NULL)
		return false;
	(void) snprintf(detail, sizeof(detail), "node %" PRId32 ", %s, is no member any more", member->node_id,
					member->name);
	i = (int) (member - state->members);
	state->n_members--;
	memmove(&state->members[i], &state->members[i + 1], (size_t) (state->n_members - i) * sizeof(PgraftMember));
	memset(&state->members[state->n_members], 0, sizeof(PgraftMember));
	if (state->successor == entry->node_id)
		state->successor = 0;
	pgraft_add_event(state, entry, PGRAFT_EVENT_MEMBER_REMOVED, detail);
	return true;
}

static bool
apply_transfer(PgraftState *state, const PgraftEntry *entry)
{
	char detail[PGRAFT_DETAIL_SIZE];

	if (entry->node_id <= 0)
		return false;
	state->successor = entry->node_id;
	(void) snprintf(detail, sizeof(detail), "leadership was asked to go to node %" PRId32, entry->node_id);
	pgraft_add_event(state, entry, PGRAFT_EVENT_TRANSFER, detail);
	return true;
}

/* An event of a single server: only its text and clock. */
static bool
apply_event(PgraftState *state, const PgraftEntry *entry)
{
	if (entry->node_id <= 0 || entry->u.event.type <= 0)
		return false;
	pgraft_add_event(state, entry, (PgraftEventType) entry->u.event.type, entry->u.event.detail);
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
			return pgraft_apply_intent(state, entry);
		case PGRAFT_ENTRY_RECORD:
			return pgraft_apply_record(state, entry);
		case PGRAFT_ENTRY_LEADER:
			return apply_leader(state, entry);
		case PGRAFT_ENTRY_EVENT:
			return apply_event(state, entry);
		case PGRAFT_ENTRY_REMOVED:
			return apply_removed(state, entry);
		case PGRAFT_ENTRY_TRANSFER:
			return apply_transfer(state, entry);
		case PGRAFT_ENTRY_RECOVERED:
			return pgraft_apply_recovered(state, entry);
	}
	return false;
}

const PgraftMember *
pgraft_state_member(const PgraftState *state, int32_t node_id)
{
	for (int i = 0; i < state->n_members; i++)
		if (state->members[i].node_id == node_id)
			return &state->members[i];
	return NULL;
}
