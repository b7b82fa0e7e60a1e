/*
 * gate.c
 *	  See gate.h.
 *
 * Commits: a primary accepts them only once the record of its promotion is committed and its synchronous setting is in force
 * (safety.md R1, R11).  The check sits in PRE_COMMIT, so no client or setting goes around it.
 *
 * WAL: a standby says in its connection which promotion it follows (pgraft.follow_term); it has written the link of that promotion beside its
 * data before.  A primary that has promoted again since, which the standby may not know yet, hangs up, so that nobody receives WAL of a
 * timeline that is not in its chain (R1).
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "replication/walsender.h"

#include "server/gate.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/sync_setting.h"

static ClientAuthentication_hook_type previous_authentication_hook;

static void
refuse_commit(void)
{
	PgraftRoleStatus role;

	pgraft_copy_role(&role);
	ereport(ERROR, errcode(ERRCODE_CANNOT_CONNECT_NOW), errmsg("this server does not accept commits"),
			errdetail("The transaction was not committed: %s.",
					  role.message[0] != '\0' ? role.message
											  : "the promotion of this server is not recorded by a majority yet"),
			errhint("SELECT * FROM pgraft_get_cluster_status() tells who leads; retry there or later."));
}

static void
check_commit(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		return;
	if (!IsUnderPostmaster || pgraft_shared == NULL || RecoveryInProgress() || IsParallelWorker())
		return;
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	if (pg_atomic_read_u32(&pgraft_shared->commits_open) == 0)
		refuse_commit();
}

/* The term in -c pgraft.follow_term=N of the connection's options, 0 if it does not say. */
static uint64
followed_term(const Port *port)
{
	static const char option[] = "pgraft.follow_term=";
	const char *found = port->cmdline_options == NULL ? NULL : strstr(port->cmdline_options, option);

	return found == NULL ? 0 : strtoull(found + strlen(option), NULL, 10);
}

static uint64
serving_term(void)
{
	const PgraftPromotion *last;
	uint64 term = 0;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	last = pgraft_state_last_record(&pgraft_shared->state);
	if (last != NULL && last->node_id == pgraft_node_id && last->term == pgraft_shared->role.promoting_term)
		term = last->term;
	LWLockRelease(pgraft_shared->lock);
	return term;
}

static void
check_standby(Port *port, int status)
{
	uint64 followed;

	if (previous_authentication_hook)
		previous_authentication_hook(port, status);
	if (pgraft_shared == NULL || !am_walsender || status != STATUS_OK)
		return;
	pgraft_publish_inherited_generation();
	followed = followed_term(port);
	if (followed != 0 && followed != serving_term())
		ereport(FATAL, errcode(ERRCODE_CANNOT_CONNECT_NOW),
				errmsg("this server is not the primary of term " UINT64_FORMAT, followed),
				errhint("The standby connects again when it knows the primary's promotion."));
}

void
pgraft_gate_install(void)
{
	RegisterXactCallback(check_commit, NULL);
	previous_authentication_hook = ClientAuthentication_hook;
	ClientAuthentication_hook = check_standby;
}
