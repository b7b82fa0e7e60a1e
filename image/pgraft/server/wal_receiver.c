/*
 * wal_receiver.c
 *	  See wal_receiver.h.
 */
#include "postgres.h"

#include <signal.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "replication/walreceiver.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/spin.h"
#include "utils/wait_event.h"

#include "server/shared.h"
#include "server/wal_receiver.h"

/* libpqwalreceiver's own, but for the end of a connection. */
static WalReceiverFunctionsType receiver_functions;
static walrcv_disconnect_fn plain_disconnect;

static void
disconnect(WalReceiverConn *conn)
{
	plain_disconnect(conn);
	if (MyBackendType != B_WAL_RECEIVER || pg_atomic_read_u32(&pgraft_shared->stopped_receiver) == (uint32) MyProcPid)
		return;
	pg_atomic_fetch_add_u32(&pgraft_shared->streams_ended, 1);
	pgraft_wake_consensus();
}

void
pgraft_wal_receiver_preload(void)
{
	load_file("libpqwalreceiver", false);
	receiver_functions = *WalReceiverFunctions;
	plain_disconnect = receiver_functions.walrcv_disconnect;
	receiver_functions.walrcv_disconnect = disconnect;
	WalReceiverFunctions = &receiver_functions;
}

/* As ShutdownWalRcv() does it, without its wait: the receiver may hang in a stopped process or in a write to a slow disk. */
bool
pgraft_wal_receiver_stop(void)
{
	pid_t pid = 0;
	bool never_started = false;

	SpinLockAcquire(&WalRcv->mutex);
	switch (WalRcv->walRcvState)
	{
		case WALRCV_STOPPED:
			break;
		case WALRCV_STARTING:
			WalRcv->walRcvState = WALRCV_STOPPED;
			never_started = true;
			break;
		case WALRCV_STREAMING:
		case WALRCV_WAITING:
		case WALRCV_RESTARTING:
			WalRcv->walRcvState = WALRCV_STOPPING;
			pid = WalRcv->pid;
			break;
		case WALRCV_STOPPING:
			pid = WalRcv->pid;
			break;
	}
	SpinLockRelease(&WalRcv->mutex);
	if (never_started)
		ConditionVariableBroadcast(&WalRcv->walRcvStoppedCV);
	if (pid != 0)
	{
		pg_atomic_write_u32(&pgraft_shared->stopped_receiver, (uint32) pid);
		kill(pid, SIGTERM);
	}
	return !WalRcvRunning();
}

/* Process id of the startup process while it waits for queries, else 0. */
static pid_t
startup_that_waits(void)
{
	uint32 number = pg_atomic_read_u32(&pgraft_shared->startup_proc);
	PGPROC *startup;
	uint32 event;

	if (number == 0)
		return 0;
	startup = GetPGProcByNumber((ProcNumber) number - 1);
	event = startup->wait_event_info;
	return event == WAIT_EVENT_RECOVERY_CONFLICT_SNAPSHOT || event == WAIT_EVENT_RECOVERY_CONFLICT_TABLESPACE ||
				   event == WAIT_EVENT_BUFFER_PIN || (event & 0xFF000000) == PG_WAIT_LOCK
			   ? startup->pid
			   : 0;
}

/*
 * Of a snapshot's end nobody tells the startup process: it looks again after a sleep that has doubled up to a second, unless a signal ends
 * that.
 */
void
pgraft_end_conflicts(void)
{
	pid_t startup = startup_that_waits();

	if (startup == 0)
		return;
	CancelDBBackends(InvalidOid, PROCSIG_RECOVERY_CONFLICT_SNAPSHOT, true);
	kill(startup, SIGUSR1);
}
