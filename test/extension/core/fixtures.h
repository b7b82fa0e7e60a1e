/*
 * fixtures.h
 *	  Log entries, states and random numbers that several test programs need.
 */
#ifndef FIXTURES_H
#define FIXTURES_H

#include <stdlib.h>
#include <string.h>

#include "core/codec.h"
#include "core/state_machine.h"

#define INCARNATION_A "0123456789abcdef0123456789abcdef"
#define INCARNATION_B "fedcba9876543210fedcba9876543210"

/* xorshift64*: the same numbers in every run. */
static inline uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

/* The bytes in memory of exactly their size, so that the sanitizer sees one read too many; the caller frees it. */
static inline uint8_t *
exact_copy(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	memcpy(copy, bytes, size);
	return copy;
}

static inline PgraftEntry
entry_of(PgraftEntryType type, uint64_t term, int32_t node_id)
{
	PgraftEntry entry;

	memset(&entry, 0, sizeof(entry));
	entry.type = type;
	entry.at_ms = 1700000000123;
	entry.term = term;
	entry.node_id = node_id;
	return entry;
}

static inline PgraftPromotion
link_of(uint64_t term, int32_t node_id, uint32_t timeline, uint32_t parent, uint64_t fork_lsn)
{
	return (PgraftPromotion){
		.term = term, .node_id = node_id, .timeline = timeline, .parent = parent, .fork_lsn = fork_lsn};
}

static inline bool
apply_config(PgraftState *state, const char *key, const char *value)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_CONFIG, 1, 1);

	strcpy(entry.u.config.key, key);
	strcpy(entry.u.config.value, value);
	return pgraft_state_apply(state, &entry);
}

static inline bool
apply_member(PgraftState *state, int32_t node_id, const char *name, const char *incarnation)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_MEMBER, 1, node_id);

	entry.u.member.node_id = node_id;
	entry.u.member.postgres_port = 5432;
	strcpy(entry.u.member.name, name);
	strcpy(entry.u.member.incarnation, incarnation);
	return pgraft_state_apply(state, &entry);
}

static inline bool
apply_intent(PgraftState *state, uint64_t term, int32_t node_id)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_INTENT, term, node_id);

	return pgraft_state_apply(state, &entry);
}

/* The record of the last link's promotion, with the whole history. */
static inline bool
apply_record(PgraftState *state, const PgraftPromotion *links, int n_links)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_RECORD, links[n_links - 1].term, links[n_links - 1].node_id);

	entry.u.record.n_links = n_links;
	memcpy(entry.u.record.links, links, (size_t) n_links * sizeof(*links));
	return pgraft_state_apply(state, &entry);
}

/* A promotion from its intent to its record, by a server whose history is this one link. */
static inline bool
apply_promotion(PgraftState *state, uint64_t term, int32_t node_id, uint32_t timeline)
{
	PgraftPromotion link = link_of(term, node_id, timeline, timeline - 1, 0x1000 * timeline);

	return apply_intent(state, term, node_id) && apply_record(state, &link, 1);
}

static inline bool
apply_transfer(PgraftState *state, int32_t node_id)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_TRANSFER, 1, node_id);

	return pgraft_state_apply(state, &entry);
}

static inline bool
apply_removed(PgraftState *state, int32_t node_id)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_REMOVED, 1, node_id);

	return pgraft_state_apply(state, &entry);
}

/* Every bound reached: members, promotions, events, the longest texts. */
static inline void
fill_state(PgraftState *state)
{
	static PgraftPromotion history[PGRAFT_MAX_PROMOTIONS];
	char name[PGRAFT_NAME_SIZE];
	char value[PGRAFT_VALUE_SIZE];

	pgraft_state_init(state);
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	apply_config(state, "cluster_name", value);
	apply_config(state, "failover_enabled", "false");
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		memset(name, 'a' + id, sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		apply_member(state, id, name, INCARNATION_A);
	}
	for (uint32_t i = 0; i < PGRAFT_MAX_PROMOTIONS; i++)
	{
		history[i] = link_of(i + 1, 1 + (int32_t) (i % PGRAFT_MAX_NODES), i + 2, i + 1, UINT64_MAX - i);
		apply_intent(state, i + 1, history[i].node_id);
	}
	apply_record(state, history, PGRAFT_MAX_PROMOTIONS);
	for (int i = 0; i < PGRAFT_MAX_EVENTS; i++)
		apply_config(state, "cluster_name", value);
	apply_config(state, "group_id", INCARNATION_B);
	state->successor = INT32_MAX;
}

#endif
