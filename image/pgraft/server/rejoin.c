/*
 * rejoin.c
 *	  See rejoin.h.
 */
#include "postgres.h"

#include <unistd.h>

#include "storage/fd.h"

#include "net/files.h"
#include "server/rejoin.h"
#include "server/settings.h"

#define TEXT_SIZE 4096

static const char *
rejoin_path(void)
{
	static char path[MAXPGPATH];

	snprintf(path, sizeof path, "%s/rejoin", pgraft_data_dir);
	return path;
}

bool
pgraft_rejoin_load(PgraftRejoin *rejoin)
{
	char text[TEXT_SIZE];
	char why[256];
	int rc = pgraft_read_file(rejoin_path(), text, sizeof text);

	if (rc == ENOENT)
		return false;
	if (rc != 0)
	{
		errno = rc;
		ereport(ERROR, errcode_for_file_access(), errmsg("could not read \"%s\": %m", rejoin_path()));
	}
	if (!pgraft_rejoin_parse(text, rejoin, why, sizeof why))
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("\"%s\" is damaged: %s", rejoin_path(), why),
				errhint("It says what this server's data was worth before it was made anew; without it the server "
						"has to be removed from the cluster and added anew."));
	return true;
}

void
pgraft_rejoin_save(const PgraftRejoin *rejoin)
{
	char text[TEXT_SIZE];
	size_t size = pgraft_rejoin_format(rejoin, text, sizeof text);
	int rc = size == 0 ? EFBIG : pgraft_write_durably(rejoin_path(), text, size);

	if (rc == 0)
		return;
	errno = rc;
	ereport(ERROR, errcode_for_file_access(), errmsg("could not write \"%s\": %m", rejoin_path()));
}

void
pgraft_rejoin_remove(void)
{
	(void) durable_unlink(rejoin_path(), ERROR);
}
