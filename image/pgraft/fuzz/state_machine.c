/*
 * state_machine.c
 *	  Any log: whatever its entries say, they are applied without harm, the state can be stored, and a server that begins with a
 *	  snapshot comes to the same state as one that has applied the whole log.
 *
 * Input: pieces, each a length (16 bits) and an entry; the length 0: a snapshot is taken, and the second server begins with it.
 */
#include "fuzz/fuzz.h"

#include "core/position.h"
#include "core/sync_names.h"

#define SNAPSHOT_MAX 131072

/* The size of its snapshot. */
static size_t
store(const PgraftState *state, uint8_t *buf)
{
	size_t size = pgraft_snapshot_encode(state, buf, SNAPSHOT_MAX);

	HOLDS(size > 0 && size <= pgraft_snapshot_max_size());
	return size;
}

static void
restore_from(const PgraftState *state, PgraftState *restored)
{
	static uint8_t buf[SNAPSHOT_MAX];
	const char *why;

	HOLDS(pgraft_snapshot_decode(buf, store(state, buf), restored, &why));
}

static void
states_are_equal(const PgraftState *a, const PgraftState *b)
{
	static uint8_t bytes_a[SNAPSHOT_MAX];
	static uint8_t bytes_b[SNAPSHOT_MAX];
	size_t size = store(a, bytes_a);

	HOLDS(store(b, bytes_b) == size);
	HOLDS(memcmp(bytes_a, bytes_b, size) == 0);
}

/* What others make of the state. */
static void
read_state(const PgraftState *state)
{
	const PgraftPromotion *last = pgraft_state_last_record(state);
	const PgraftPromotion *intent = pgraft_state_pending_intent(state);
	int32_t voters[PGRAFT_MAX_NODES];
	char names[1024];
	int length;

	HOLDS(last == NULL || last->timeline > last->parent);
	HOLDS(intent == NULL || last == NULL || intent->term > last->term);
	for (int i = 0; i < state->n_members; i++)
		voters[i] = state->members[i].node_id;
	length = pgraft_format_sync_names(state, state->n_members > 0 ? voters[0] : 1, voters, state->n_members, names,
									  sizeof names);
	HOLDS(length >= 0 && (size_t) length == strlen(names));
	(void) pgraft_history_fit(state->history, state->n_history, UINT64_MAX, state->promotions, state->n_promotions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static PgraftState whole;
	static PgraftState second;
	static PgraftEntry entry;
	FuzzInput in = {.data = data, .size = size};
	const char *why;

	pgraft_state_init(&whole);
	pgraft_state_init(&second);
	while (in.size > 0)
	{
		uint16_t length = take_u16(&in);
		FuzzInput piece = take_part(&in, length);

		if (length == 0)
			restore_from(&whole, &second);
		else if (pgraft_entry_decode(piece.data, piece.size, &entry, &why))
			HOLDS(pgraft_state_apply(&whole, &entry) == pgraft_state_apply(&second, &entry));
	}
	states_are_equal(&whole, &second);
	read_state(&whole);
	return 0;
}
