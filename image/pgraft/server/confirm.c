/*
 * confirm.c
 *	  See confirm.h.
 */
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogreader.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "replication/walsender_private.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/wait_event.h"

#include "server/confirm.h"
#include "server/sync_setting.h"

/* Between two looks at whether the checkpointer has read the new setting. */
#define LOOK_MS 10

bool
pgraft_is_confirmed(XLogRecPtr end)
{
	XLogRecPtr flushed;

	if (XLogRecPtrIsInvalid(end))
		return false;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	flushed = WalSndCtl->lsn[SYNC_REP_WAIT_FLUSH];
	LWLockRelease(SyncRepLock);
	return flushed >= end || pgraft_sync_asks_nobody();
}

bool
pgraft_confirmation_asked(void)
{
	bool asked;

	LWLockAcquire(SyncRepLock, LW_SHARED);
	asked = (WalSndCtl->sync_standbys_status & SYNC_STANDBY_DEFINED) != 0;
	LWLockRelease(SyncRepLock);
	return asked;
}

static bool
is_interrupted(void)
{
	int rc = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_POSTMASTER_DEATH, LOOK_MS, PG_WAIT_EXTENSION);

	ResetLatch(MyLatch);
	return (rc & WL_POSTMASTER_DEATH) != 0 || ProcDiePending || QueryCancelPending;
}

void
pgraft_await_new_setting(XLogRecPtr end)
{
	bool asked;

	HOLD_INTERRUPTS();
	do
	{
		asked = pgraft_confirmation_asked();
		SyncRepWaitForLSN(end, true);
	} while ((!asked || pgraft_sync_wants_nobody()) && !pgraft_is_confirmed(end) && !is_interrupted());
	RESUME_INTERRUPTS();
}

/* PostgreSQL keeps it to itself: it is read from the WAL, which has just been flushed. */
XLogRecPtr
pgraft_prepare_end(void)
{
	ReadLocalXLogPageNoWaitPrivate progress = {0};
	XLogReaderRoutine routine = {
		.page_read = read_local_xlog_page_no_wait,
		.segment_open = wal_segment_open,
		.segment_close = wal_segment_close,
	};
	XLogReaderState *reader = XLogReaderAllocate(wal_segment_size, NULL, &routine, &progress);
	XLogRecPtr end = InvalidXLogRecPtr;
	char *problem;

	if (reader == NULL)
		return InvalidXLogRecPtr;
	XLogBeginRead(reader, ProcLastRecPtr);
	if (XLogReadRecord(reader, &problem) != NULL && XLogRecGetRmid(reader) == RM_XACT_ID &&
		(XLogRecGetInfo(reader) & XLOG_XACT_OPMASK) == XLOG_XACT_PREPARE)
		end = reader->EndRecPtr;
	XLogReaderFree(reader);
	return end;
}
