/*
 * sql_admin.c
 *	  The SQL functions that change something: they hand a request to the consensus worker and wait for its answer.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "server/shared.h"

PG_FUNCTION_INFO_V1(pgraft_init);

/* Forming a group is a few fsyncs; a consensus worker that was just restarted needs a second more. */
#define FORM_TIMEOUT_MS 15000

static void
require_admin(void)
{
	Oid admin = get_role_oid("pgraft_admin", true);

	if (superuser() || (OidIsValid(admin) && has_privs_of_role(GetUserId(), admin)))
		return;
	ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to change the cluster"),
			errdetail("Only superusers and members of role pgraft_admin may do this."));
}

static uint64
request_formation(void)
{
	uint64 ticket;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	ticket = ++pgraft_shared->form_requested;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
	return ticket;
}

/* Several may ask at a time; the answer to the newest answers all. */
static bool
formation_settled(uint64 ticket, bool *ok, char *why, size_t why_size)
{
	bool settled;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	settled = pgraft_shared->form_settled >= ticket;
	*ok = pgraft_shared->form_ok;
	strlcpy(why, pgraft_shared->form_error, why_size);
	LWLockRelease(pgraft_shared->lock);
	return settled;
}

static bool
await_formation(uint64 ticket, char *why, size_t why_size)
{
	static uint32 wait_event;
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), FORM_TIMEOUT_MS);
	bool ok;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("PgraftInit");
	ConditionVariablePrepareToSleep(&pgraft_shared->request_settled);
	while (!formation_settled(ticket, &ok, why, why_size))
	{
		long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (left <= 0)
			ereport(ERROR, errcode(ERRCODE_QUERY_CANCELED),
					errmsg("the consensus worker did not answer within %d s", FORM_TIMEOUT_MS / 1000),
					errhint("See the server's log; the group may still be formed."));
		ConditionVariableTimedSleep(&pgraft_shared->request_settled, left, wait_event);
	}
	ConditionVariableCancelSleep();
	return ok;
}

Datum
pgraft_init(PG_FUNCTION_ARGS)
{
	char why[PGRAFT_VALUE_SIZE];

	pgraft_require_shared();
	require_admin();
	if (!await_formation(request_formation(), why, sizeof why))
		ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("the Raft group could not be formed: %s", why));
	PG_RETURN_BOOL(true);
}
