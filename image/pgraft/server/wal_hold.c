/*
 * wal_hold.c
 *	  See wal_hold.h.
 *
 * PostgreSQL writes and flushes WAL under one lock.  Changed pages follow their WAL, so that with the lock held nothing at all of what is not yet flushed
 * reaches the disk: a server that is stopped then, without a shutdown's checkpoint, ends exactly at the flush position.  Almost:
 * WAL is written in whole pages, and the last one may have held records that were not to be flushed yet.  Those are wiped from the
 * file; should the server go on, its next write of the page brings them back.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "storage/fd.h"
#include "storage/lwlock.h"

#include "server/wal_hold.h"

#define ATTEMPTS 20

static bool held;

static void
wipe_rest_of_page(XLogRecPtr end)
{
	static const PGAlignedXLogBlock nothing;
	char path[MAXPGPATH];
	XLogSegNo segment;
	ssize_t size = XLOG_BLCKSZ - end % XLOG_BLCKSZ;
	int file;

	XLByteToSeg(end, segment, wal_segment_size);
	XLogFilePath(path, GetWALInsertionTimeLine(), segment, wal_segment_size);
	file = OpenTransientFile(path, O_WRONLY | PG_BINARY);
	if (file < 0 || pg_pwrite(file, nothing.data, size, XLogSegmentOffset(end, wal_segment_size)) != size ||
		pg_fsync(file) != 0 || CloseTransientFile(file) != 0)
		ereport(ERROR, errcode_for_file_access(), errmsg("could not wipe the end of \"%s\": %m", path));
}

static bool
nothing_but_flushed_is_written(void)
{
	return GetXLogWriteRecPtr() == GetFlushRecPtr(NULL);
}

bool
pgraft_wal_hold(void)
{
	for (int i = 0; !held && i < ATTEMPTS; i++)
	{
		XLogFlush(GetXLogWriteRecPtr());
		LWLockAcquire(WALWriteLock, LW_EXCLUSIVE);
		held = nothing_but_flushed_is_written();
		if (!held)
			LWLockRelease(WALWriteLock);
		else if (GetFlushRecPtr(NULL) % XLOG_BLCKSZ != 0 && GetXLogInsertRecPtr() != GetFlushRecPtr(NULL))
			wipe_rest_of_page(GetFlushRecPtr(NULL));
	}
	return held;
}

void
pgraft_wal_release(void)
{
	if (!held)
		return;
	held = false;
	LWLockRelease(WALWriteLock);
}
