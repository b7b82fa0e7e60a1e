/*
 * chain_file.c
 *	  pgraft.chain: what was read is written, and read again as the same links.  A checksum would keep nearly every input out, so each is
 *	  also read without its first line.
 */
#include "fuzz/fuzz.h"

#include "core/chain_file.h"

static PgraftPromotion links[PGRAFT_MAX_PROMOTIONS];
static PgraftPromotion links_again[PGRAFT_MAX_PROMOTIONS];

static void
ascending(int n)
{
	for (int i = 0; i < n; i++)
	{
		HOLDS(links[i].term > 0 && links[i].node_id > 0 && links[i].parent > 0);
		HOLDS(links[i].parent < links[i].timeline);
		HOLDS(i == 0 || (links[i - 1].term < links[i].term && links[i - 1].timeline < links[i].timeline));
	}
}

/* Room as the server has it (server/chain.c). */
static void
same_again(int n)
{
	static char text[PGRAFT_MAX_PROMOTIONS * 80 + 256];
	char err[256];

	HOLDS(pgraft_chain_format(links, n, text, sizeof text) == strlen(text));
	HOLDS(pgraft_chain_parse(text, links_again, PGRAFT_MAX_PROMOTIONS, err, sizeof err) == n);
	HOLDS(links_equal(links, links_again, n));
}

static void
read_chain(const char *text)
{
	char err[256] = "";
	int n = pgraft_chain_parse(text, links, PGRAFT_MAX_PROMOTIONS, err, sizeof err);

	HOLDS((n < 0) == (err[0] != '\0'));
	if (n >= 0)
	{
		ascending(n);
		same_again(n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text((FuzzInput){.data = data, .size = size});
	const char *behind = strchr(text, '\n');

	read_chain(text);
	if (behind != NULL)
		read_chain(behind + 1);
	free(text);
	return 0;
}
