/*
 * chain.c
 *	  See chain.h.
 */
#include "postgres.h"

#include "access/timeline.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"

#include "core/chain_file.h"
#include "net/files.h"
#include "server/chain.h"

/* A link takes at most 70 characters. */
#define CHAIN_TEXT_SIZE (PGRAFT_MAX_PROMOTIONS * 80 + 256)

static const char *
chain_path(void)
{
	static char path[MAXPGPATH];

	snprintf(path, sizeof path, "%s/pgraft.chain", DataDir);
	return path;
}

void
pgraft_chain_load(PgraftChain *chain)
{
	char *text = palloc(CHAIN_TEXT_SIZE);
	char why[256];
	int rc = pgraft_read_file(chain_path(), text, CHAIN_TEXT_SIZE);

	chain->n = 0;
	if (rc != 0 && rc != ENOENT)
	{
		errno = rc;
		ereport(ERROR, errcode_for_file_access(), errmsg("could not read \"%s\": %m", chain_path()));
	}
	if (rc == 0)
		chain->n = pgraft_chain_parse(text, chain->links, PGRAFT_MAX_PROMOTIONS, why, sizeof why);
	if (chain->n < 0)
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("\"%s\" is damaged: %s", chain_path(), why),
				errhint("Clone this server anew."));
	pfree(text);
}

void
pgraft_chain_save(const PgraftChain *chain)
{
	char *text = palloc(CHAIN_TEXT_SIZE);
	size_t size = pgraft_chain_format(chain->links, chain->n, text, CHAIN_TEXT_SIZE);
	int rc = size == 0 ? EFBIG : pgraft_write_durably(chain_path(), text, size);

	pfree(text);
	if (rc != 0)
	{
		errno = rc;
		ereport(ERROR, errcode_for_file_access(), errmsg("could not write \"%s\": %m", chain_path()));
	}
}

void
pgraft_chain_report(const PgraftChain *chain, PgraftReport *report)
{
	report->n_links = Min(chain->n, PGRAFT_REPORT_LINKS);
	memcpy(report->links, chain->links + chain->n - report->n_links, sizeof(PgraftPromotion) * report->n_links);
}

void
pgraft_chain_append(PgraftChain *chain, const PgraftPromotion *link)
{
	if (chain->n == PGRAFT_MAX_PROMOTIONS)
	{
		chain->n--;
		memmove(chain->links, chain->links + 1, sizeof(PgraftPromotion) * chain->n);
	}
	chain->links[chain->n++] = *link;
}

/*
 * Timeline and fork as PostgreSQL's history has them.  It lists the newest timeline first, and each begins where its parent, the
 * next one, ended.  false: the timeline is not in it.
 */
static bool
take_from_history(List *history, PgraftPromotion *link)
{
	for (int i = 0; i + 1 < list_length(history); i++)
	{
		const TimeLineHistoryEntry *entry = list_nth(history, i);
		const TimeLineHistoryEntry *parent = list_nth(history, i + 1);

		if (entry->tli != link->timeline)
			continue;
		link->parent = parent->tli;
		link->fork_lsn = entry->begin;
		return true;
	}
	return false;
}

void
pgraft_chain_settle(PgraftChain *chain, uint32_t current_timeline)
{
	List *history = readTimeLineHistory(current_timeline);
	int kept = 0;

	for (int i = 0; i < chain->n; i++)
		if (take_from_history(history, &chain->links[i]))
			chain->links[kept++] = chain->links[i];
	chain->n = kept;
	list_free_deep(history);
}

uint32_t
pgraft_newest_timeline(void)
{
	TimeLineID replayed;

	(void) GetXLogReplayRecPtr(&replayed);
	return findNewestTimeLine(replayed);
}
