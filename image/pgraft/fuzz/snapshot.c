/*
 * snapshot.c
 *	  A snapshot, from disk or from the leader.  What was accepted is written the same again, unless it is of an older version.
 *
 * Input: a byte for the version of a header that fits, and the body; or 0 and a snapshot as it is, header and all.
 */
#include "fuzz/fuzz.h"

#include "core/bytes.h"
#include "core/state_machine.h"

#define MAGIC		   0x53524750
#define NEWEST_VERSION 2
#define HEADER_SIZE	   10

static void
check(const uint8_t *snapshot, size_t size, bool newest)
{
	static PgraftState state;
	static PgraftState initial;
	const char *why = NULL;
	uint8_t *again;
	size_t n;

	if (!pgraft_snapshot_decode(snapshot, size, &state, &why))
	{
		pgraft_state_init(&initial);
		HOLDS(why != NULL && memcmp(&state, &initial, sizeof state) == 0);
		return;
	}
	again = malloc(pgraft_snapshot_max_size());
	HOLDS(again != NULL);
	n = pgraft_snapshot_encode(&state, again, pgraft_snapshot_max_size());
	HOLDS(n > 0);
	HOLDS(!newest || (n == size && memcmp(again, snapshot, n) == 0));
	HOLDS(pgraft_snapshot_decode(again, n, &state, &why));
	free(again);
}

static void
check_body(FuzzInput body, uint8_t version)
{
	size_t size = HEADER_SIZE + body.size;
	uint8_t *snapshot = malloc(size);
	ByteWriter w = {.buf = snapshot, .size = size};

	HOLDS(snapshot != NULL);
	put_u32(&w, MAGIC);
	put_u16(&w, version);
	put_u32(&w, pgraft_crc32(body.data, body.size));
	put_bytes(&w, body.data, body.size);
	check(snapshot, size, version == NEWEST_VERSION);
	free(snapshot);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	uint8_t version = take_u8(&in);

	if (version == 0)
		check(in.data, in.size, in.size > 4 && in.data[4] == NEWEST_VERSION);
	else
		check_body(in, version);
	return 0;
}
