/*
 * wal_end.c
 *	  See wal_end.h.
 *
 * Shared memory does not know it: after a restart the WAL receiver's flush position is 0, and replay lags behind what is on disk.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/timeline.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "server/chain.h"
#include "server/wal_end.h"

typedef struct WalScan
{
	List *history; /* newest timeline first */
	int fd;		   /* of the segment that is open, -1 if none */
	XLogSegNo segment;
} WalScan;

static void
close_segment(WalScan *scan)
{
	if (scan->fd >= 0)
		close(scan->fd);
	scan->fd = -1;
}

static void
open_segment(WalScan *scan, XLogSegNo segment)
{
	ListCell *cell;

	close_segment(scan);
	scan->segment = segment;
	foreach (cell, scan->history)
	{
		const TimeLineHistoryEntry *entry = lfirst(cell);
		char path[MAXPGPATH];

		if (!XLogRecPtrIsInvalid(entry->begin) && segment < entry->begin / wal_segment_size)
			continue;
		XLogFilePath(path, entry->tli, segment, wal_segment_size);
		scan->fd = open(path, O_RDONLY | O_CLOEXEC | PG_BINARY);
		if (scan->fd >= 0)
			return;
	}
}

static int
read_page(XLogReaderState *reader, XLogRecPtr page, int wanted, XLogRecPtr record, char *buf)
{
	WalScan *scan = reader->private_data;
	XLogSegNo segment = page / wal_segment_size;

	if (scan->fd < 0 || scan->segment != segment)
		open_segment(scan, segment);
	if (scan->fd < 0)
		return -1;
	return pg_pread(scan->fd, buf, XLOG_BLCKSZ, page % wal_segment_size) == XLOG_BLCKSZ ? XLOG_BLCKSZ : -1;
}

bool
pgraft_replay_has_begun(void)
{
	return !XLogRecPtrIsInvalid(GetXLogReplayRecPtr(NULL));
}

XLogRecPtr
pgraft_wal_end(void)
{
	WalScan scan = {.history = readTimeLineHistory(pgraft_newest_timeline()), .fd = -1};
	XLogReaderRoutine routine = {.page_read = read_page};
	XLogRecPtr end = GetXLogReplayRecPtr(NULL);
	XLogReaderState *reader = XLogReaderAllocate(wal_segment_size, NULL, &routine, &scan);
	char *error;

	if (reader == NULL)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	XLogBeginRead(reader, end);
	while (XLogReadRecord(reader, &error) != NULL)
		end = reader->EndRecPtr;
	XLogReaderFree(reader);
	close_segment(&scan);
	list_free_deep(scan.history);
	return end;
}

XLogRecPtr
pgraft_wal_begin(void)
{
	DIR *directory = AllocateDir(XLOGDIR);
	XLogSegNo oldest = 0;
	struct dirent *file;

	while ((file = ReadDir(directory, XLOGDIR)) != NULL)
	{
		TimeLineID timeline;
		XLogSegNo segment;

		if (!IsXLogFileName(file->d_name))
			continue;
		XLogFromFileName(file->d_name, &timeline, &segment, wal_segment_size);
		if (oldest == 0 || segment < oldest)
			oldest = segment;
	}
	FreeDir(directory);
	return oldest * wal_segment_size;
}
