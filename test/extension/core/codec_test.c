/*
 * codec_test.c
 *	  Log entries as bytes: what goes in comes out, and nothing else is taken.
 */
#include "core/codec.h"

#include "check.h"
#include "fixtures.h"

static uint8_t encoded[PGRAFT_ENTRY_MAX_SIZE];
static uint8_t again[PGRAFT_ENTRY_MAX_SIZE];

static void
fill_text(char *field, size_t size)
{
	memset(field, 'x', size - 1);
	field[size - 1] = '\0';
}

/* Of each type, with every value at its limit. */
static PgraftEntry
largest_entry(PgraftEntryType type)
{
	PgraftEntry entry = entry_of(type, UINT64_MAX, INT32_MAX);

	entry.at_ms = INT64_MIN;
	if (type == PGRAFT_ENTRY_CONFIG)
	{
		fill_text(entry.u.config.key, sizeof(entry.u.config.key));
		fill_text(entry.u.config.value, sizeof(entry.u.config.value));
	}
	else if (type == PGRAFT_ENTRY_MEMBER)
	{
		entry.u.member.node_id = entry.node_id;
		entry.u.member.postgres_port = UINT16_MAX;
		fill_text(entry.u.member.name, sizeof(entry.u.member.name));
		fill_text(entry.u.member.incarnation, sizeof(entry.u.member.incarnation));
	}
	else if (type == PGRAFT_ENTRY_EVENT)
	{
		entry.u.event.type = INT32_MAX;
		fill_text(entry.u.event.detail, sizeof(entry.u.event.detail));
	}
	else if (type == PGRAFT_ENTRY_RECORD || type == PGRAFT_ENTRY_RECOVERED)
	{
		entry.u.record.n_links = PGRAFT_MAX_PROMOTIONS;
		for (int i = 0; i < PGRAFT_MAX_PROMOTIONS; i++)
			entry.u.record.links[i] =
				link_of(UINT64_MAX - (uint64_t) i, INT32_MAX, UINT32_MAX, UINT32_MAX - 1, UINT64_MAX);
	}
	return entry;
}

static PgraftEntry
smallest_entry(PgraftEntryType type)
{
	PgraftEntry entry = entry_of(type, 0, 1);

	if (type == PGRAFT_ENTRY_MEMBER)
		entry.u.member.node_id = 1;
	if (type == PGRAFT_ENTRY_RECORD)
		entry.u.record.n_links = 1;
	if (type == PGRAFT_ENTRY_EVENT)
		entry.u.event.type = 1;
	return entry;
}

static void
check_round_trip(const PgraftEntry *entry)
{
	PgraftEntry decoded;
	const char *why = "nothing";
	size_t size = pgraft_entry_encode(entry, encoded, sizeof(encoded));

	CHECK(size > 0);
	if (!pgraft_entry_decode(encoded, size, &decoded, &why))
		CHECK_FAIL("type %d is rejected: %s", (int) entry->type, why);
	else
		CHECK_BYTES(&decoded, entry, sizeof(*entry));
}

TEST(every_type_of_entry_survives_a_round_trip_at_its_limits)
{
	for (int type = PGRAFT_ENTRY_CONFIG; type <= PGRAFT_ENTRY_RECOVERED; type++)
	{
		PgraftEntry smallest = smallest_entry((PgraftEntryType) type);
		PgraftEntry largest = largest_entry((PgraftEntryType) type);

		check_round_trip(&smallest);
		check_round_trip(&largest);
	}
}

TEST(the_bytes_of_an_intent_are_little_endian_behind_version_and_type)
{
	static const uint8_t expected[] = {1,	 3,	   0x7b, 0x68, 0xe5, 0xcf, 0x8b, 1, 0, 0, 0x08,
									   0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 2, 0, 0, 0};
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_INTENT, UINT64_C(0x0102030405060708), 2);

	CHECK_INT(pgraft_entry_encode(&entry, encoded, sizeof(encoded)), sizeof(expected));
	CHECK_BYTES(encoded, expected, sizeof(expected));
}

TEST(every_truncation_of_an_entry_is_rejected)
{
	for (int type = PGRAFT_ENTRY_CONFIG; type <= PGRAFT_ENTRY_RECOVERED; type++)
	{
		PgraftEntry entry = largest_entry((PgraftEntryType) type);
		PgraftEntry decoded;
		const char *why = NULL;
		size_t size = pgraft_entry_encode(&entry, encoded, sizeof(encoded));

		for (size_t cut = 0; cut < size; cut++)
		{
			uint8_t *bytes = exact_copy(encoded, cut);

			if (pgraft_entry_decode(bytes, cut, &decoded, &why))
				CHECK_FAIL("type %d cut to %zu of %zu bytes is taken", type, cut, size);
			free(bytes);
		}
		CHECK(why != NULL);
	}
}

TEST(an_entry_with_a_trailing_byte_is_rejected)
{
	for (int type = PGRAFT_ENTRY_CONFIG; type <= PGRAFT_ENTRY_RECOVERED; type++)
	{
		PgraftEntry entry = smallest_entry((PgraftEntryType) type);
		PgraftEntry decoded;
		const char *why = "";
		size_t size = pgraft_entry_encode(&entry, encoded, sizeof(encoded));

		encoded[size] = 0;
		CHECK(!pgraft_entry_decode(encoded, size + 1, &decoded, &why));
		CHECK_TEXT(why, "the entry has trailing bytes");
	}
}

TEST(an_entry_that_does_not_fit_the_buffer_is_not_encoded)
{
	for (int type = PGRAFT_ENTRY_CONFIG; type <= PGRAFT_ENTRY_RECOVERED; type++)
	{
		PgraftEntry entry = largest_entry((PgraftEntryType) type);
		size_t size = pgraft_entry_encode(&entry, encoded, sizeof(encoded));

		for (size_t room = 0; room < size; room++)
			if (pgraft_entry_encode(&entry, again, room) != 0)
				CHECK_FAIL("type %d is encoded into %zu of %zu bytes", type, room, size);
		CHECK_INT(pgraft_entry_encode(&entry, again, size), size);
	}
}

TEST(an_entry_with_a_value_out_of_range_is_not_encoded)
{
	PgraftEntry no_node = entry_of(PGRAFT_ENTRY_LEADER, 1, 0);
	PgraftEntry no_type = entry_of((PgraftEntryType) 0, 1, 1);
	PgraftEntry later_type = entry_of((PgraftEntryType) 10, 1, 1);
	PgraftEntry no_end = entry_of(PGRAFT_ENTRY_CONFIG, 1, 1);
	PgraftEntry no_links = entry_of(PGRAFT_ENTRY_RECORD, 1, 1);
	PgraftEntry many_links = entry_of(PGRAFT_ENTRY_RECORD, 1, 1);
	PgraftEntry negative_links = entry_of(PGRAFT_ENTRY_RECOVERED, 1, 1);
	PgraftEntry no_event = entry_of(PGRAFT_ENTRY_EVENT, 1, 1);
	PgraftEntry endless_detail = entry_of(PGRAFT_ENTRY_EVENT, 1, 1);

	memset(no_end.u.config.value, 'x', sizeof(no_end.u.config.value));
	many_links.u.record.n_links = PGRAFT_MAX_PROMOTIONS + 1;
	negative_links.u.record.n_links = -1;
	endless_detail.u.event.type = 1;
	memset(endless_detail.u.event.detail, 'x', sizeof(endless_detail.u.event.detail));
	CHECK_INT(pgraft_entry_encode(&no_node, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&no_type, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&later_type, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&no_end, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&no_links, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&many_links, encoded, sizeof(encoded)), 0);
	many_links.type = PGRAFT_ENTRY_RECOVERED;
	CHECK_INT(pgraft_entry_encode(&many_links, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&negative_links, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&no_event, encoded, sizeof(encoded)), 0);
	CHECK_INT(pgraft_entry_encode(&endless_detail, encoded, sizeof(encoded)), 0);
}

TEST(an_entry_of_a_later_version_or_type_is_rejected_with_the_reason)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_INTENT, 1, 1);
	PgraftEntry decoded;
	const char *why = "";
	size_t size = pgraft_entry_encode(&entry, encoded, sizeof(encoded));

	encoded[0] = 2;
	CHECK(!pgraft_entry_decode(encoded, size, &decoded, &why));
	CHECK_TEXT(why, "the entry has an unknown version");
	encoded[0] = 1;
	encoded[1] = 10;
	CHECK(!pgraft_entry_decode(encoded, size, &decoded, &why));
	CHECK_TEXT(why, "the entry has an unknown type");
}

/* What is taken must be exactly what the encoder would have written: there is one encoding of each entry. */
static bool
taken_as_written(const uint8_t *bytes, size_t size)
{
	PgraftEntry decoded;
	const char *why = NULL;
	uint8_t *exact = exact_copy(bytes, size);
	bool taken = pgraft_entry_decode(exact, size, &decoded, &why);

	free(exact);
	if (!taken)
		return why != NULL;
	return pgraft_entry_encode(&decoded, again, sizeof(again)) == size && memcmp(again, bytes, size) == 0;
}

TEST(an_entry_with_any_byte_changed_is_rejected_or_taken_for_what_it_says)
{
	for (int type = PGRAFT_ENTRY_CONFIG; type <= PGRAFT_ENTRY_RECOVERED; type++)
	{
		PgraftEntry entry = largest_entry((PgraftEntryType) type);
		size_t size;

		if (type == PGRAFT_ENTRY_RECORD || type == PGRAFT_ENTRY_RECOVERED)
			entry.u.record.n_links = 3;
		size = pgraft_entry_encode(&entry, encoded, sizeof(encoded));
		for (size_t i = 0; i < size; i++)
			for (int change = 1; change < 256; change++)
			{
				encoded[i] ^= (uint8_t) change;
				if (!taken_as_written(encoded, size))
					CHECK_FAIL("type %d, byte %zu changed by %d", type, i, change);
				encoded[i] ^= (uint8_t) change;
			}
	}
}

TEST(a_hundred_thousand_random_entries_never_crash_the_decoder)
{
	uint64_t seed = 1;
	static uint8_t bytes[200];

	for (int i = 0; i < 100000; i++)
	{
		size_t size = next_random(&seed) % sizeof(bytes);

		for (size_t j = 0; j < size; j++)
			bytes[j] = (uint8_t) next_random(&seed);
		if (i % 2 == 0 && size > 1) /* half of them pass the first check */
		{
			bytes[0] = 1;
			bytes[1] = (uint8_t) (1 + bytes[1] % 9);
		}
		if (!taken_as_written(bytes, size))
			CHECK_FAIL("random entry %d", i);
	}
}

TEST(an_event_of_no_type_and_a_recovery_with_too_many_links_are_rejected)
{
	PgraftEntry event = smallest_entry(PGRAFT_ENTRY_EVENT);
	PgraftEntry recovered = largest_entry(PGRAFT_ENTRY_RECOVERED);
	PgraftEntry decoded;
	const char *why = "";
	size_t size = pgraft_entry_encode(&event, encoded, sizeof(encoded));

	encoded[22] = 0; /* the lowest byte of its type */
	CHECK(!pgraft_entry_decode(encoded, size, &decoded, &why));
	CHECK_TEXT(why, "a value in the entry is out of range");
	size = pgraft_entry_encode(&recovered, encoded, sizeof(encoded));
	encoded[22]++; /* n_links */
	CHECK(!pgraft_entry_decode(encoded, size, &decoded, &why));
}

TEST(the_checksum_is_the_crc_32_of_ieee)
{
	CHECK_INT(pgraft_crc32((const uint8_t *) "123456789", 9), 0xcbf43926);
	CHECK_INT(pgraft_crc32((const uint8_t *) "", 0), 0);
}
