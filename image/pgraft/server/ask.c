/*
 * ask.c
 *	  See ask.h: the side of those who ask.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "server/ask.h"

/* A consensus worker that was just restarted needs a second. */
#define TAKE_TIMEOUT_MS 15000

static bool
answer_is_out(const PgraftAsk *ask)
{
	PGPROC *owner = GetPGProcByNumber(ask->proc);

	return owner->pid != ask->pid || owner->wait_event_info == WAIT_EVENT_CLIENT_READ;
}

static bool
is_free(const PgraftAsk *ask)
{
	return ask->state == PGRAFT_ASK_FREE || ask->state == PGRAFT_ASK_ANSWERED;
}

static void
fill_in(PgraftAsk *ask, const PgraftRequest *request)
{
	memset(ask, 0, sizeof *ask);
	ask->ticket = ++pgraft_shared->ask_ticket;
	ask->proc = MyProcNumber;
	ask->pid = MyProcPid;
	ask->latch = MyLatch;
	ask->request = *request;
	ask->state = PGRAFT_ASK_ASKED;
}

/* NULL: all are in use. */
static PgraftAsk *
enqueue(const PgraftRequest *request)
{
	PgraftAsk *ask = NULL;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PGRAFT_CLIENT_ASKS && (ask == NULL || ask->state != PGRAFT_ASK_FREE); i++)
		if (is_free(&pgraft_shared->asks[i]))
			ask = &pgraft_shared->asks[i];
	if (ask != NULL)
		fill_in(ask, request);
	LWLockRelease(pgraft_shared->lock);
	if (ask != NULL)
		pgraft_wake_consensus();
	return ask;
}

/* Nobody waits any more.  true: the change may still be made. */
static bool
give_up(PgraftAsk *ask)
{
	PgraftAskState state;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	state = ask->state;
	ask->state = state == PGRAFT_ASK_TAKEN ? PGRAFT_ASK_GIVEN_UP : PGRAFT_ASK_FREE;
	LWLockRelease(pgraft_shared->lock);
	if (state == PGRAFT_ASK_TAKEN)
		pgraft_wake_consensus();
	return state == PGRAFT_ASK_TAKEN || state == PGRAFT_ASK_DONE;
}

static void
give_up_loudly(PgraftAsk *ask)
{
	if (give_up(ask))
		ereport(
			WARNING, errcode(ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN),
			errmsg("nobody waits for the change of the cluster any more; it may have been made, or may still be made"),
			errhint("SELECT * FROM pgraft_get_nodes() and pgraft_get_config() tell."));
}

/* An ERROR or FATAL got in between, a recovery conflict for example. */
static void
interrupted(int code, Datum arg)
{
	PgraftAsk *ask = (PgraftAsk *) DatumGetPointer(arg);

	if (proc_exit_inprogress)
		give_up(ask);
	else
		give_up_loudly(ask);
}

/* What a slot says now; the outcome is read once. */
static PgraftAskState
look_at(PgraftAsk *ask, PgraftOutcome *outcome)
{
	PgraftAskState state;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	state = ask->state;
	if (state == PGRAFT_ASK_DONE)
	{
		*outcome = ask->outcome;
		ask->state = PGRAFT_ASK_ANSWERED;
	}
	LWLockRelease(pgraft_shared->lock);
	return state;
}

static void
heed_interrupts(void)
{
	/* FATAL ends the session before its cleanup could warn. */
	if (ProcDiePending)
		ereport(WARNING, errcode(ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN),
				errmsg("the session ends while it waits for a change of the cluster, which may still be made"));
	CHECK_FOR_INTERRUPTS();
}

static void
await(PgraftAsk *ask, PgraftOutcome *outcome)
{
	static uint32 wait_event;
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), TAKE_TIMEOUT_MS);
	PgraftAskState state;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("PgraftChange");
	while ((state = look_at(ask, outcome)) != PGRAFT_ASK_DONE)
	{
		bool taken = state == PGRAFT_ASK_TAKEN;
		long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (!taken && left <= 0)
			ereport(ERROR, errcode(ERRCODE_CANNOT_CONNECT_NOW),
					errmsg("the consensus worker of this server did not take the request within %d s",
						   TAKE_TIMEOUT_MS / 1000),
					errdetail("Nothing was changed."), errhint("See pgraft_get_worker_state() and the server's log."));
		WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (taken ? 0 : WL_TIMEOUT), left, wait_event);
		ResetLatch(MyLatch);
		heed_interrupts();
	}
}

static int
sqlstate_of(PgraftOutcomeCode code)
{
	switch (code)
	{
		case PGRAFT_OUTCOME_INVALID:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case PGRAFT_OUTCOME_UNKNOWN:
			return ERRCODE_UNDEFINED_OBJECT;
		case PGRAFT_OUTCOME_DUPLICATE:
			return ERRCODE_DUPLICATE_OBJECT;
		case PGRAFT_OUTCOME_STATE:
			return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		case PGRAFT_OUTCOME_BUSY:
			return ERRCODE_OBJECT_IN_USE;
		case PGRAFT_OUTCOME_NO_LEADER:
			return ERRCODE_CANNOT_CONNECT_NOW;
		case PGRAFT_OUTCOME_UNSURE:
			return ERRCODE_T_R_STATEMENT_COMPLETION_UNKNOWN;
		case PGRAFT_OUTCOME_DONE:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

void
pgraft_ask(const PgraftRequest *request)
{
	PgraftAsk *ask = enqueue(request);
	PgraftOutcome outcome;

	if (ask == NULL)
		ereport(ERROR, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				errmsg("%d sessions of this server wait for changes of the cluster already", PGRAFT_CLIENT_ASKS),
				errhint("Try again when one of them has ended."));
	PG_ENSURE_ERROR_CLEANUP(interrupted, PointerGetDatum(ask));
	{
		await(ask, &outcome);
	}
	PG_END_ENSURE_ERROR_CLEANUP(interrupted, PointerGetDatum(ask));
	if (outcome.code != PGRAFT_OUTCOME_DONE)
		ereport(ERROR, errcode(sqlstate_of(outcome.code)), errmsg("%s", outcome.message),
				outcome.hint[0] != '\0' ? errhint("%s", outcome.hint) : 0);
}

bool
pgraft_ask_in_background(int slot, const PgraftRequest *request)
{
	PgraftAsk *ask = &pgraft_shared->asks[slot];
	bool asked;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	asked = is_free(ask);
	if (asked)
		fill_in(ask, request);
	LWLockRelease(pgraft_shared->lock);
	if (asked)
		pgraft_wake_consensus();
	return asked;
}

bool
pgraft_ask_background_outcome(int slot, PgraftOutcome *outcome)
{
	return look_at(&pgraft_shared->asks[slot], outcome) == PGRAFT_ASK_DONE;
}

/* What moves leadership away is answered when the new leader is known, a moment after this server has stopped leading. */
static bool
is_pending(const PgraftAsk *ask)
{
	switch (ask->state)
	{
		case PGRAFT_ASK_FREE:
		case PGRAFT_ASK_GIVEN_UP:
			return false;
		case PGRAFT_ASK_ASKED:
		case PGRAFT_ASK_TAKEN:
			return ask->request.kind == PGRAFT_REQUEST_TRANSFER || ask->request.kind == PGRAFT_REQUEST_REMOVE_NODE;
		case PGRAFT_ASK_DONE:
		case PGRAFT_ASK_ANSWERED:
			break;
	}
	return !answer_is_out(ask);
}

bool
pgraft_answers_pending(void)
{
	bool pending = false;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	for (int i = 0; i < PGRAFT_CLIENT_ASKS; i++)
		pending = pending || is_pending(&pgraft_shared->asks[i]);
	LWLockRelease(pgraft_shared->lock);
	return pending;
}
