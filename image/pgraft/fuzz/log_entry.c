/*
 * log_entry.c
 *	  One entry of the log, from disk or from the leader.  There is one way to write each, so what was accepted is written the same again.
 */
#include "fuzz/fuzz.h"

#include "core/codec.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static PgraftEntry entry;
	static uint8_t again[PGRAFT_ENTRY_MAX_SIZE];
	const char *why = NULL;

	if (!pgraft_entry_decode(data, size, &entry, &why))
	{
		HOLDS(why != NULL);
		return 0;
	}
	HOLDS(pgraft_entry_encode(&entry, again, sizeof again) == size);
	HOLDS(memcmp(again, data, size) == 0);
	return 0;
}
