/*
 * handed_over.c
 *	  See handed_over.h.
 *
 * <data_dir>/handed_over, "<term> <end>".  It says nothing of data that has followed another promotion since.
 */
#include "postgres.h"

#include "net/files.h"
#include "server/handed_over.h"
#include "server/settings.h"

#define TEXT_SIZE 64

static const char *
path(void)
{
	static char path[MAXPGPATH];

	snprintf(path, sizeof path, "%s/handed_over", pgraft_data_dir);
	return path;
}

void
pgraft_handed_over_save(uint64 term, XLogRecPtr end)
{
	char text[TEXT_SIZE];
	int n = snprintf(text, sizeof text, UINT64_FORMAT " %X/%X\n", term, LSN_FORMAT_ARGS(end));
	int rc = pgraft_write_durably(path(), text, (size_t) n);

	if (rc == 0)
		return;
	errno = rc;
	ereport(ERROR, errcode_for_file_access(), errmsg("could not write \"%s\": %m", path()));
}

/* Unreadable is as good as absent: the server then counts with all that it has. */
XLogRecPtr
pgraft_handed_over_limit(uint64 term, XLogRecPtr end)
{
	char text[TEXT_SIZE];
	uint64 kept_term;
	uint32 high;
	uint32 low;

	if (pgraft_read_file(path(), text, sizeof text) != 0 ||
		sscanf(text, UINT64_FORMAT " %X/%X", &kept_term, &high, &low) != 3 || kept_term != term)
		return end;
	return Min(end, (XLogRecPtr) high << 32 | low);
}
