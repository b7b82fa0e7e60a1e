/*
 * rejoin_file.c
 *	  pgraft.data_dir's file rejoin: what was read is written, and read again as the same.  Its numbers are digits: what cannot be
 *	  told from a file that was damaged is refused.
 */
#include "fuzz/fuzz.h"

#include "core/rejoin_file.h"

static bool
begins_with(const char *line, const char *key)
{
	return strncmp(line, key, strlen(key)) == 0;
}

/* Numbers are digits alone: sscanf's signs, prefixes and leading blanks are in no file that a server has written. */
static void
numbers_are_digits(const char *text)
{
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
	{
		const char *value = strchr(line, ' ') + 1;

		if (begins_with(line, "node ") || begins_with(line, "port ") || begins_with(line, "term "))
			HOLDS(value[strspn(value, "0123456789")] == '\n');
		if (begins_with(line, "until ") || begins_with(line, "end "))
			HOLDS(value[strspn(value, "0123456789ABCDEFabcdef/")] == '\n');
	}
}

/* The newest line of a key counts; a number that does not fit was refused, not cut. */
static void
term_fits(const char *text, uint64_t term)
{
	char digits[32];
	const char *found = NULL;

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		if (begins_with(line, "term "))
			found = line + strlen("term ");
	if (found == NULL)
		return;
	while (found[0] == '0' && found[1] != '\n')
		found++;
	snprintf(digits, sizeof digits, "%llu\n", (unsigned long long) term);
	HOLDS(begins_with(found, digits));
}

static void
same_again(const PgraftRejoin *rejoin)
{
	PgraftRejoin again;
	char text[4096]; /* server/rejoin.c */
	char err[256];

	HOLDS(pgraft_rejoin_format(rejoin, text, sizeof text) == strlen(text));
	HOLDS(pgraft_rejoin_parse(text, &again, err, sizeof err));
	HOLDS(again.clone == rejoin->clone && again.state == rejoin->state && again.incomplete == rejoin->incomplete);
	HOLDS(again.node_id == rejoin->node_id && again.port == rejoin->port && strcmp(again.host, rejoin->host) == 0);
	HOLDS(again.term == rejoin->term && again.until_lsn == rejoin->until_lsn);
	HOLDS(again.old.end_lsn == rejoin->old.end_lsn && again.old.n_links == rejoin->old.n_links);
	HOLDS(links_equal(again.old.links, rejoin->old.links, again.old.n_links));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text((FuzzInput){.data = data, .size = size});
	PgraftRejoin rejoin;
	char err[256] = "";

	if (pgraft_rejoin_parse(text, &rejoin, err, sizeof err))
	{
		HOLDS(rejoin.state >= PGRAFT_REJOIN_REQUESTED && rejoin.state <= PGRAFT_REJOIN_DONE);
		HOLDS(rejoin.node_id >= 0 && rejoin.node_id <= PGRAFT_MAX_NODES);
		HOLDS(strpbrk(rejoin.host, " \t\r\n") == NULL);
		numbers_are_digits(text);
		term_fits(text, rejoin.term);
		same_again(&rejoin);
	}
	else
		HOLDS(err[0] != '\0');
	free(text);
	return 0;
}
