/*
 * promised_file.c
 *	  pgraft.data_dir's file `promised` (net/promises.h), whatever lies there, and as it was written but for some bytes.  A member that believes a
 *	  promise nobody made, or forgets one, could vote twice in a term.
 *
 * Input: a byte.  Even: then the file's content.  Odd: then a byte, so many promises (0 to 3: term, vote and last of two bytes each), and pairs of bytes:
 * where the file is changed, and by what (exclusive or).
 */
#include "fuzz/fuzz.h"

#include <unistd.h>

#include "net/files.h"
#include "net/promises.h"

static char path[64];

static void
begin(void)
{
	char directory[] = "/tmp/pgraft-fuzz-XXXXXX";

	if (path[0] != '\0')
		return;
	HOLDS(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/promised", directory);
}

static bool
are_equal(const PgraftPromise *a, const PgraftPromise *b)
{
	return a->term == b->term && a->vote == b->vote && a->last == b->last;
}

/* true, with what it says, if the file is believed; then what is kept next is what the next run reads. */
static bool
is_believed(PgraftPromise *promise)
{
	PgraftPromises read = {0};
	PgraftPromises again = {0};
	PgraftPromise next;
	char why[1200] = "";

	if (!pgraft_promises_read(&read, path, why, sizeof why))
	{
		HOLDS(why[0] != '\0' && !read.open);
		return false;
	}
	*promise = read.kept;
	next = (PgraftPromise){.term = read.kept.term + 1, .vote = 3, .last = read.kept.last};
	/* the greatest number has no next one: no member writes so often */
	if (read.number < UINT64_MAX)
	{
		HOLDS(pgraft_promises_keep(&read, &next) == 0);
		HOLDS(pgraft_promises_read(&again, path, why, sizeof why) && are_equal(&again.kept, &next));
	}
	pgraft_promises_close(&again);
	pgraft_promises_close(&read);
	return true;
}

/* Damage of a line leaves the other one, or nothing to be believed. */
static void
check_damaged(FuzzInput in)
{
	PgraftPromises promises = {0};
	PgraftPromise made[2] = {0};
	PgraftPromise found;
	char text[256];
	size_t size;

	HOLDS(pgraft_promises_begin(&promises, path) == 0);
	for (int n = take_u8(&in) % 4; n > 0; n--)
	{
		made[0] = made[1];
		made[1] = (PgraftPromise){.term = take_u16(&in), .vote = take_u16(&in), .last = take_u16(&in)};
		HOLDS(pgraft_promises_keep(&promises, &made[1]) == 0);
	}
	pgraft_promises_close(&promises);
	HOLDS(pgraft_read_file(path, text, sizeof text) == 0);
	size = strlen(text);
	if (in.size == 0)
	{
		HOLDS(is_believed(&found) && are_equal(&found, &made[1]));
		return;
	}
	while (in.size > 0)
	{
		const size_t at = take_u8(&in) % size;

		text[at] = (char) (text[at] ^ take_u8(&in));
	}
	put_file(path, (FuzzInput){.data = (const uint8_t *) text, .size = size});
	if (is_believed(&found))
		HOLDS(are_equal(&found, &made[0]) || are_equal(&found, &made[1]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	PgraftPromise promise;

	begin();
	if (take_u8(&in) % 2 == 1)
		check_damaged(in);
	else
	{
		put_file(path, in);
		is_believed(&promise);
	}
	return 0;
}
