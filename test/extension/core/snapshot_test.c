/*
 * snapshot_test.c
 *	  The replicated state as bytes: whole or not at all.
 */
#include "core/codec.h"
#include "core/state_machine.h"

#include "check.h"
#include "fixtures.h"

#define HEADER_SIZE 10
#define CRC_OFFSET	6
#define MAX_SIZE	(128 * 1024)

static PgraftState state;
static PgraftState decoded;
static uint8_t encoded[MAX_SIZE];
static uint8_t again[MAX_SIZE];

/* A few of everything: small enough to try every byte in every way. */
static void
small_state(PgraftState *s)
{
	pgraft_state_init(s);
	apply_config(s, "cluster_name", "production");
	apply_member(s, 1, "primary", INCARNATION_A);
	apply_member(s, 2, "replica1", "");
	apply_promotion(s, 1, 1, 2);
	apply_intent(s, 3, 2);
	apply_config(s, "group_id", INCARNATION_B);
	apply_transfer(s, 2);
}

static void
set_crc(uint8_t *bytes, size_t size)
{
	uint32_t crc = pgraft_crc32(bytes + HEADER_SIZE, size - HEADER_SIZE);

	for (int i = 0; i < 4; i++)
		bytes[CRC_OFFSET + i] = (uint8_t) (crc >> (8 * i));
}

static bool
decode_exactly(const uint8_t *bytes, size_t size, const char **why)
{
	uint8_t *exact = exact_copy(bytes, size);
	bool taken = pgraft_snapshot_decode(exact, size, &decoded, why);

	free(exact);
	return taken;
}

static void
check_round_trip(void)
{
	const char *why = "nothing";
	size_t size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));

	CHECK(size > 0);
	memset(&decoded, 0xaa, sizeof(decoded));
	if (!decode_exactly(encoded, size, &why))
		CHECK_FAIL("rejected: %s", why);
	else
		CHECK(pgraft_snapshot_encode(&decoded, again, sizeof(again)) == size && memcmp(again, encoded, size) == 0);
}

TEST(the_empty_state_survives_a_round_trip)
{
	pgraft_state_init(&state);
	check_round_trip();
	CHECK(decoded.failover_enabled);
	CHECK_INT(decoded.n_members + decoded.n_promotions + decoded.n_events, 0);
}

TEST(a_state_of_every_part_survives_a_round_trip_value_by_value)
{
	small_state(&state);
	check_round_trip();
	CHECK_TEXT(decoded.cluster_name, "production");
	CHECK_INT(decoded.n_members, 2);
	CHECK_TEXT(decoded.members[0].incarnation, INCARNATION_A);
	CHECK_INT(decoded.members[1].postgres_port, 5432);
	CHECK_INT(decoded.n_promotions, 2);
	CHECK_INT(decoded.promotions[0].fork_lsn, 0x2000);
	CHECK_INT(decoded.promotions[1].timeline, 0);
	CHECK_INT(decoded.n_history, 1);
	CHECK_INT(decoded.history[0].timeline, 2);
	CHECK_TEXT(decoded.group_id, INCARNATION_B);
	CHECK_INT(decoded.successor, 2);
	CHECK_INT(decoded.n_events, state.n_events);
	CHECK_TEXT(decoded.events[0].detail, state.events[0].detail);
	CHECK_INT(decoded.events[0].at_ms, state.events[0].at_ms);
}

TEST(the_fullest_state_survives_a_round_trip_and_fits_the_announced_size)
{
	fill_state(&state);
	CHECK_INT(state.n_members, PGRAFT_MAX_NODES);
	CHECK_INT(state.n_promotions, PGRAFT_MAX_PROMOTIONS);
	CHECK_INT(state.n_history, PGRAFT_MAX_PROMOTIONS);
	CHECK_INT(state.n_events, PGRAFT_MAX_EVENTS);
	check_round_trip();
	CHECK_INT(strlen(state.events[0].detail), PGRAFT_DETAIL_SIZE - 1);
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), pgraft_snapshot_max_size());
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, pgraft_snapshot_max_size() - 1), 0);
}

TEST(an_event_of_a_later_versions_type_is_kept)
{
	small_state(&state);
	state.events[0].type = 4711;
	check_round_trip();
	CHECK_INT(decoded.events[0].type, 4711);
}

TEST(every_truncation_of_a_snapshot_is_rejected)
{
	const char *why = NULL;
	size_t size;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	for (size_t cut = 0; cut < size; cut++)
	{
		if (decode_exactly(encoded, cut, &why))
			CHECK_FAIL("cut to %zu of %zu bytes it is taken", cut, size);
		memcpy(again, encoded, cut);
		if (cut < HEADER_SIZE)
			continue;
		set_crc(again, cut);
		if (decode_exactly(again, cut, &why))
			CHECK_FAIL("cut to %zu of %zu bytes, with a checksum that fits, it is taken", cut, size);
	}
}

TEST(a_snapshot_with_a_trailing_byte_is_rejected)
{
	const char *why = "";
	size_t size;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	encoded[size] = 0;
	set_crc(encoded, size + 1);
	CHECK(!pgraft_snapshot_decode(encoded, size + 1, &decoded, &why));
	CHECK_TEXT(why, "the snapshot has trailing bytes");
}

TEST(a_snapshot_with_any_byte_changed_is_rejected_and_leaves_the_initial_state)
{
	const char *why = "";
	size_t size;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	pgraft_state_init(&state);
	for (size_t i = 0; i < size; i++)
		for (int change = 1; change < 256; change++)
		{
			encoded[i] ^= (uint8_t) change;
			if (decode_exactly(encoded, size, &why))
				CHECK_FAIL("byte %zu changed by %d is taken", i, change);
			encoded[i] ^= (uint8_t) change;
		}
	CHECK_BYTES(&decoded, &state, sizeof(state));
}

TEST(a_snapshot_with_any_byte_changed_behind_the_checksum_is_rejected_or_taken_for_what_it_says)
{
	size_t size;
	int n_rejected = 0;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	for (size_t i = HEADER_SIZE; i < size; i++)
		for (int change = 1; change < 256; change++)
		{
			const char *why = NULL;

			encoded[i] ^= (uint8_t) change;
			set_crc(encoded, size);
			if (!decode_exactly(encoded, size, &why))
				n_rejected += why != NULL;
			else if (pgraft_snapshot_encode(&decoded, again, sizeof(again)) != size ||
					 memcmp(again, encoded, size) != 0)
				CHECK_FAIL("byte %zu changed by %d is taken for something else", i, change);
			encoded[i] ^= (uint8_t) change;
		}
	CHECK(n_rejected > 0);
}

TEST(a_snapshot_of_another_kind_or_version_is_rejected_with_the_reason)
{
	const char *why = "";
	size_t size;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	encoded[4] = 3;
	CHECK(!decode_exactly(encoded, size, &why));
	CHECK_TEXT(why, "the snapshot has an unknown version");
	encoded[4] = 0;
	CHECK(!decode_exactly(encoded, size, &why));
	CHECK_TEXT(why, "the snapshot has an unknown version");
	encoded[0] ^= 1;
	CHECK(!decode_exactly(encoded, size, &why));
	CHECK_TEXT(why, "this is no snapshot of pgraft");
}

/* Version 1 had neither the group's id nor the successor, which stand at the end. */
TEST(a_snapshot_of_the_first_version_is_read_without_group_and_successor)
{
	const char *why = "nothing";
	size_t size;

	small_state(&state);
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded)) - (2 + 32 + 4);
	encoded[4] = 1;
	set_crc(encoded, size);
	if (!decode_exactly(encoded, size, &why))
		CHECK_FAIL("rejected: %s", why);
	memset(state.group_id, 0, sizeof(state.group_id));
	state.successor = 0;
	CHECK_INT(pgraft_snapshot_encode(&decoded, again, sizeof(again)), size + 2 + 4);
	encoded[4] = 2;
	CHECK(!decode_exactly(encoded, size, &why));
	size = pgraft_snapshot_encode(&state, encoded, sizeof(encoded));
	CHECK_BYTES(again, encoded, size);
	encoded[4] = 1;
	CHECK(!decode_exactly(encoded, size, &why));
	CHECK_TEXT(why, "the snapshot has trailing bytes");
}

TEST(a_state_that_breaks_an_invariant_is_not_encoded)
{
	small_state(&state);
	state.members[1].node_id = state.members[0].node_id;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.members[1].node_id = 0;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.promotions[1].term = state.promotions[0].term;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.history[0].node_id = 0;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.n_history = PGRAFT_MAX_PROMOTIONS + 1;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.n_events = PGRAFT_MAX_EVENTS + 1;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	memset(state.cluster_name, 'x', sizeof(state.cluster_name));
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.group_id[0] = 'g';
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	memset(state.group_id, 'a', sizeof(state.group_id));
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
	small_state(&state);
	state.successor = -1;
	CHECK_INT(pgraft_snapshot_encode(&state, encoded, sizeof(encoded)), 0);
}

TEST(a_hundred_thousand_random_snapshots_never_crash_the_decoder)
{
	static const uint8_t start[] = {'P', 'G', 'R', 'S', 2, 0};
	static uint8_t bytes[300];
	uint64_t seed = 2;
	const char *why;

	for (int i = 0; i < 100000; i++)
	{
		size_t size = next_random(&seed) % sizeof(bytes);

		for (size_t j = 0; j < size; j++)
			bytes[j] = (uint8_t) (next_random(&seed) >> (next_random(&seed) % 8));
		if (i % 4 != 0 && size > HEADER_SIZE) /* most of them reach the body, and some go far into it */
		{
			memcpy(bytes, start, sizeof(start));
			if (size > HEADER_SIZE + 3)
			{
				bytes[HEADER_SIZE] = 0;
				bytes[HEADER_SIZE + 1] = 0;
				bytes[HEADER_SIZE + 2] &= 1;
				bytes[HEADER_SIZE + 3] %= 11;
			}
			set_crc(bytes, size);
		}
		why = NULL;
		if (decode_exactly(bytes, size, &why))
			CHECK_INT(pgraft_snapshot_encode(&decoded, again, sizeof(again)), size);
		else
			CHECK(why != NULL);
	}
}
