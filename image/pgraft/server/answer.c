/*
 * answer.c
 *	  See answer.h.
 *
 * Not by whereToSendOutput: an error before the commit record has to reach the client, and with the extended protocol CommandComplete lies
 * in libpq's buffer already, which whatever flushes it next would send.  So the methods of libpq's output are replaced: held, they
 * neither add to the buffer nor flush it.  Everything that reaches a client goes through them, the notice of an immediate
 * shutdown (in a signal handler) included; so nothing here allocates memory.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "libpq/libpq.h"
#include "libpq/protocol.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"

#include "server/answer.h"
#include "server/confirm.h"
#include "server/sync_setting.h"

typedef enum AnswerState
{
	ANSWER_FREE,	 /* as usual */
	ANSWER_HELD,	 /* the record's fate is not known */
	ANSWER_DISCARDED /* it is not confirmed: the session ends */
} AnswerState;

static AnswerState state = ANSWER_FREE;
static PgraftRecordKind held_kind;
static XLogRecPtr wal_before; /* end of this transaction's WAL when it was held */
static bool nobody_asked;	  /* then no confirmation was asked for */
static bool record_written;
static const PQcommMethods *usual;

static void
go_on(void)
{
	PqCommMethods = usual;
	state = ANSWER_FREE;
}

/* As after pg_terminate_backend(): at the next check for interrupts. */
static void
end_session(void)
{
	state = ANSWER_DISCARDED;
	ProcDiePending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/*
 * Can the record be in the WAL?  A transaction that commits leaves TRANS_INPROGRESS just before it writes its record.  For the other
 * kinds an error may come before or after; all WAL that this transaction has written since is taken for the record.
 */
static bool
may_be_written(void)
{
	if (record_written || CritSectionCount > 0)
		return true;
	return held_kind == PGRAFT_RECORD_COMMIT ? !IsTransactionState() : XactLastRecEnd != wal_before;
}

/* An ERROR or FATAL that comes before the record rolls the transaction back, so the client may know. */
static bool
lets_through(char type)
{
	if (state != ANSWER_HELD || type != PqMsg_ErrorResponse)
		return false;
	if (may_be_written())
	{
		end_session();
		return false;
	}
	go_on();
	return true;
}

static void
reset(void)
{
	usual->comm_reset();
}

static int
flush(void)
{
	return 0;
}

static bool
is_send_pending(void)
{
	return false;
}

static int
put(char type, const char *bytes, size_t length)
{
	return lets_through(type) ? usual->putmessage(type, bytes, length) : 0;
}

static void
put_without_blocking(char type, const char *bytes, size_t length)
{
	if (lets_through(type))
		usual->putmessage_noblock(type, bytes, length);
}

static const PQcommMethods holding = {
	.comm_reset = reset,
	.flush = flush,
	.flush_if_writable = flush,
	.is_send_pending = is_send_pending,
	.putmessage = put,
	.putmessage_noblock = put_without_blocking,
};

void
pgraft_answer_hold(PgraftRecordKind kind)
{
	if (state != ANSWER_FREE || whereToSendOutput != DestRemote || MyProcPort == NULL)
		return;
	if (synchronous_commit < SYNCHRONOUS_COMMIT_REMOTE_FLUSH)
		return;
	held_kind = kind;
	wal_before = XactLastRecEnd;
	nobody_asked = !pgraft_confirmation_asked();
	record_written = false;
	usual = PqCommMethods;
	PqCommMethods = &holding;
	state = ANSWER_HELD;
}

bool
pgraft_answer_is_held(void)
{
	return state == ANSWER_HELD;
}

void
pgraft_answer_settle(XLogRecPtr end)
{
	if (state != ANSWER_HELD)
		return;
	record_written = true;
	if (!pgraft_is_confirmed(end) && (nobody_asked || pgraft_sync_wants_nobody()))
		pgraft_await_new_setting(end);
	if (pgraft_is_confirmed(end))
	{
		go_on();
		return;
	}
	end_session();
	ereport(LOG_SERVER_ONLY,
			errmsg("pgraft: a session ends without an answer: no majority has confirmed its commit at %X/%X",
				   LSN_FORMAT_ARGS(end)),
			errdetail("The client has to find out by itself whether its transaction is there."));
}

void
pgraft_answer_rolled_back(void)
{
	if (state != ANSWER_HELD)
		return;
	/* A prepared transaction outlives the one that prepares it: what became of it is not known. */
	if (held_kind == PGRAFT_RECORD_COMMIT)
		go_on();
	else
		end_session();
}
