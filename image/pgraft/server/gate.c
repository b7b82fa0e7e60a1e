/*
 * gate.c
 *	  See gate.h.
 *
 * Commits: a primary accepts them only once the record of its promotion is committed and its synchronous setting is in force (safety.md R1,
 * R11), and while it holds the lease of the leader (S5, R15).  While leadership is handed over they wait (commit_hold.c), and so they do at a
 * server that is just being promoted: PostgreSQL lets clients write a moment before the others know.  The check sits in
 * PRE_COMMIT, so no client or setting goes around it;
 * from there until the commit is confirmed the client hears nothing (R16, answer.c).
 *
 * WAL: who may stream it, and whose confirmations count, is stream.c's.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "replication/walsender.h"
#include "storage/condition_variable.h"
#include "tcop/utility.h"
#include "utils/wait_event.h"

#include "net/clock.h"
#include "server/answer.h"
#include "server/commit_hold.h"
#include "server/confirm.h"
#include "server/gate.h"
#include "server/shared.h"
#include "server/stream.h"

/* For a promotion, and how often its state is looked at meanwhile. */
#define PROMOTION_PATIENCE_MS 2000
#define PROMOTION_LOOK_MS	  100

static ClientAuthentication_hook_type previous_authentication_hook;
static ProcessUtility_hook_type previous_utility_hook;

static bool
has_lease(void)
{
	return (uint64) pgraft_now_ms() < pg_atomic_read_u64(&pgraft_shared->lease_until_ms);
}

bool
pgraft_commits_open(void)
{
	return pg_atomic_read_u32(&pgraft_shared->commits_open) != 0 && has_lease();
}

/* What keeps this server from accepting commits, NULL if nothing. */
static const char *
commit_obstacle(PgraftRoleStatus *role)
{
	if (pg_atomic_read_u32(&pgraft_shared->commits_open) == 0)
	{
		pgraft_copy_role(role);
		return role->message[0] != '\0' ? role->message
										: "the promotion of this server is not recorded by a majority yet";
	}
	if (!has_lease())
		return "its lease has run out: no majority has lately answered it as the leader";
	return NULL;
}

/* Out of recovery already.  What the role worker does is published at the end of its turn, in which PostgreSQL may have been promoted. */
static bool
is_being_promoted(void)
{
	PgraftRoleStatus role;

	pgraft_copy_role(&role);
	return role.message[0] == '\0' && has_lease() &&
		   (role.action == PGRAFT_COMMIT_INTENT || role.action == PGRAFT_PROMOTE ||
			role.action == PGRAFT_AWAIT_PROMOTION || role.action == PGRAFT_COMMIT_RECORD ||
			role.action == PGRAFT_SERVE);
}

/* Nothing is written yet: what the wait ends with is checked afterwards. */
static void
await_promotion(void)
{
	static uint32 wait_event;
	int64_t deadline = pgraft_now_ms() + PROMOTION_PATIENCE_MS;

	if (pg_atomic_read_u32(&pgraft_shared->commits_open) != 0)
		return;
	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("PgraftPromotion");
	ConditionVariablePrepareToSleep(&pgraft_shared->commits_released);
	while (pg_atomic_read_u32(&pgraft_shared->commits_open) == 0 && is_being_promoted() && pgraft_now_ms() < deadline)
		ConditionVariableTimedSleep(&pgraft_shared->commits_released, PROMOTION_LOOK_MS, wait_event);
	ConditionVariableCancelSleep();
}

static void
require_open_commits(void)
{
	PgraftRoleStatus role;
	const char *obstacle = commit_obstacle(&role);

	if (obstacle != NULL)
		ereport(ERROR, errcode(ERRCODE_CANNOT_CONNECT_NOW), errmsg("this server does not accept commits"),
				errdetail("The transaction was not committed: %s.", obstacle),
				errhint("SELECT * FROM pgraft_get_cluster_status() tells who leads; retry there or later."));
}

static bool
is_gated(void)
{
	return IsUnderPostmaster && pgraft_shared != NULL && !RecoveryInProgress() && !IsParallelWorker();
}

static void
before_record(PgraftRecordKind kind)
{
	if (!is_gated() || !TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	await_promotion();
	pgraft_commit_begin();
	require_open_commits();
	pgraft_answer_hold(kind);
}

static void
check_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			before_record(PGRAFT_RECORD_COMMIT);
			break;
		case XACT_EVENT_PRE_PREPARE:
			before_record(PGRAFT_RECORD_PREPARE);
			break;
		case XACT_EVENT_COMMIT:
			pgraft_answer_settle(XactLastCommitEnd);
			pgraft_commit_end();
			break;
		case XACT_EVENT_PREPARE:
			if (pgraft_answer_is_held())
				pgraft_answer_settle(pgraft_prepare_end());
			pgraft_commit_end();
			break;
		case XACT_EVENT_ABORT:
			pgraft_answer_rolled_back();
			pgraft_commit_end();
			break;
		default:
			break;
	}
}

static bool
finishes_prepared(Node *statement)
{
	TransactionStmtKind kind;

	if (!IsA(statement, TransactionStmt))
		return false;
	kind = ((TransactionStmt *) statement)->kind;
	return kind == TRANS_STMT_COMMIT_PREPARED || kind == TRANS_STMT_ROLLBACK_PREPARED;
}

static void
run_utility(PlannedStmt *statement, const char *query, bool read_only, ProcessUtilityContext context,
			ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	if (previous_utility_hook)
		previous_utility_hook(statement, query, read_only, context, params, environment, dest, completion);
	else
		standard_ProcessUtility(statement, query, read_only, context, params, environment, dest, completion);
}

/* The end of a prepared transaction is written by a command, whose own transaction has no id. */
static void
process_utility(PlannedStmt *statement, const char *query, bool read_only, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	bool gated = finishes_prepared(statement->utilityStmt) && is_gated();

	if (gated)
	{
		await_promotion();
		pgraft_commit_begin();
		require_open_commits();
		pgraft_answer_hold(PGRAFT_RECORD_FINISH_PREPARED);
	}
	run_utility(statement, query, read_only, context, params, environment, dest, completion);
	if (gated)
	{
		pgraft_answer_settle(XactLastRecEnd);
		pgraft_commit_end();
	}
}

static void
check_standby(Port *port, int status)
{
	if (previous_authentication_hook)
		previous_authentication_hook(port, status);
	if (pgraft_shared != NULL && am_walsender && status == STATUS_OK)
		pgraft_stream_admit(port);
}

void
pgraft_gate_install(void)
{
	RegisterXactCallback(check_transaction, NULL);
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	previous_authentication_hook = ClientAuthentication_hook;
	ClientAuthentication_hook = check_standby;
}
