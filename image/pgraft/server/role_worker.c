/*
 * role_worker.c
 *	  Background worker "pgraft role": makes this server what Raft says it is.
 *
 * Each turn looks at what is known (a PgraftView), asks core/policy.c, and does the one step that it names.  It has no socket and no database
 * connection: what it proposes goes through shared memory to the consensus worker.  An ERROR in a step ends the process with
 * status 1; it is started anew in a second, and what it did so far stands in shared memory and in files.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "server/event_queue.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/slots.h"
#include "server/wal_end.h"
#include "server/wal_hold.h"
#include "server/workers.h"

/* While a step is under way that nobody wakes us for (promotion, reload), and otherwise. */
#define BUSY_WAIT_MS  5
#define WATCH_WAIT_MS 50
#define LEASE_WAIT_MS 200
#define IDLE_WAIT_MS  1000

static const char *const action_names[] = {
	[PGRAFT_WAIT] = "waits",
	[PGRAFT_STAY] = "goes on without Raft's word, node",
	[PGRAFT_FREEZE] = "freezes, node",
	[PGRAFT_FOLLOW] = "follows node",
	[PGRAFT_REJOIN] = "has to make its data fit that of node",
	[PGRAFT_HAND_OVER] = "hands leadership over to node",
	[PGRAFT_COMMIT_INTENT] = "commits its intent to promote, node",
	[PGRAFT_PROMOTE] = "promotes, node",
	[PGRAFT_AWAIT_PROMOTION] = "awaits its promotion, node",
	[PGRAFT_COMMIT_RECORD] = "commits the record of its promotion, node",
	[PGRAFT_SERVE] = "is the primary, node",
	[PGRAFT_FENCE] = "is no longer the primary, node",
	[PGRAFT_DISCARD] = "was promoted by hand, node",
};

/* Only to see whether the synchronous setting that is in force is ours. */
static void
read_settings_again(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

/*
 * Once per life of the server, after PostgreSQL has restored the slots of the last one, which is before replay begins: they would pin WAL for
 * members that may be gone (safety.md R10).
 */
static void
drop_old_slots(void)
{
	if (pgraft_shared->slots_dropped || !RecoveryInProgress() || !pgraft_replay_has_begun())
		return;
	pgraft_slots_drop_all();
	pgraft_shared->slots_dropped = true;
}

static void
log_change(const PgraftRoleTurn *turn, PgraftDecision decision)
{
	if (decision.action == turn->role.action && decision.node_id == turn->role.node_id)
		return;
	if (decision.action == PGRAFT_WAIT || decision.action == PGRAFT_STAY)
		ereport(LOG, errmsg("pgraft: this server waits, in term " UINT64_FORMAT, turn->raft.term));
	else
		ereport(LOG, errmsg("pgraft: this server %s %d, in term " UINT64_FORMAT, action_names[decision.action],
							decision.node_id, turn->raft.term));
}

static void
act(PgraftRoleTurn *turn, PgraftDecision decision)
{
	/* A primary that has handed over keeps it until it is stopped. */
	if (turn->hand_over.to == 0 && decision.action != PGRAFT_FENCE)
		pgraft_wal_release();
	switch (decision.action)
	{
		case PGRAFT_WAIT:
			pgraft_step_wait(turn);
			break;
		case PGRAFT_STAY:
			break;
		case PGRAFT_FREEZE:
			pgraft_step_freeze(turn, decision.term);
			break;
		case PGRAFT_FOLLOW:
			pgraft_step_follow(turn, decision.node_id, decision.term);
			break;
		case PGRAFT_REJOIN:
			pgraft_step_rejoin(turn, decision.node_id, decision.term);
			break;
		case PGRAFT_HAND_OVER:
			pgraft_step_wait(turn);
			pgraft_step_hand_over(turn, decision.node_id);
			break;
		case PGRAFT_COMMIT_INTENT:
			pgraft_step_commit_intent(turn, decision.term);
			break;
		case PGRAFT_PROMOTE:
			pgraft_step_promote(turn, decision.term);
			break;
		case PGRAFT_AWAIT_PROMOTION:
			pgraft_step_await_promotion();
			break;
		case PGRAFT_COMMIT_RECORD:
			pgraft_step_commit_record(turn, decision.term);
			break;
		case PGRAFT_SERVE:
			pgraft_step_serve(turn, decision.term);
			break;
		case PGRAFT_FENCE:
			pgraft_step_fence(turn);
			break;
		case PGRAFT_DISCARD:
			pgraft_step_discard(turn);
			break;
	}
}

static void
publish(const PgraftRoleTurn *turn, PgraftDecision decision)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->role = turn->role;
	pgraft_shared->role.action = decision.action;
	pgraft_shared->role.node_id = decision.node_id;
	LWLockRelease(pgraft_shared->lock);
}

/* How long to wait, ms, when nobody wakes this process. */
static int
patience(const PgraftRoleTurn *turn, PgraftDecision decision)
{
	switch (decision.action)
	{
		case PGRAFT_WAIT:
		case PGRAFT_STAY:
		case PGRAFT_DISCARD:
			return IDLE_WAIT_MS;
		case PGRAFT_FENCE:
			return turn->stopping ? IDLE_WAIT_MS : BUSY_WAIT_MS;
		case PGRAFT_FOLLOW:
			return turn->role.witness || turn->role.following_term != decision.term ? WATCH_WAIT_MS : IDLE_WAIT_MS;
		case PGRAFT_REJOIN:
		case PGRAFT_HAND_OVER:
			return WATCH_WAIT_MS;
		case PGRAFT_SERVE:
			return turn->hurries				   ? BUSY_WAIT_MS
				   : turn->role.sync_in_force	   ? LEASE_WAIT_MS
				   : turn->role.message[0] == '\0' ? BUSY_WAIT_MS
												   : WATCH_WAIT_MS;
		default:
			return BUSY_WAIT_MS;
	}
}

static void
forget(int code, Datum arg)
{
	/* What its successor begins with. */
	pgraft_wal_release();
	pgraft_hand_over_end();
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->role_pid = 0;
	pgraft_shared->role_latch = NULL;
	LWLockRelease(pgraft_shared->lock);
}

static void
announce(void)
{
	before_shmem_exit(forget, (Datum) 0);
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->role_pid = MyProcPid;
	pgraft_shared->role_latch = MyLatch;
	LWLockRelease(pgraft_shared->lock);
}

static void
load_files(PgraftRoleTurn *turn)
{
	bool witness = pgraft_rejoin_load(&turn->witness);

	pgraft_events_load();
	pgraft_chain_load(&turn->chain);
	if (witness && turn->witness.state != PGRAFT_REJOIN_DONE)
		ereport(ERROR, errmsg("this server's data is to be made anew, and must not be used"),
				errhint("The entry point does it when the server has stopped."));
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->role.witness = witness;
	LWLockRelease(pgraft_shared->lock);
}

void
pgraft_role_main(Datum arg)
{
	static PgraftRoleTurn turn;
	uint32 wait_event;
	MemoryContext per_turn;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	announce();
	wait_event = WaitEventExtensionNew("PgraftRoleMain");
	per_turn = AllocSetContextCreate(TopMemoryContext, "pgraft role turn", ALLOCSET_DEFAULT_SIZES);
	load_files(&turn);

	while (!ShutdownRequestPending)
	{
		PgraftDecision decision;

		MemoryContextSwitchTo(per_turn);
		MemoryContextReset(per_turn);
		read_settings_again();
		drop_old_slots();
		pgraft_role_look(&turn);
		pgraft_watch_room(&turn);
		decision = pgraft_role_decide(&turn);
		log_change(&turn, decision);
		act(&turn, decision);
		publish(&turn, decision);

		/* It writes files: what a deposed primary has to do must not wait for them. */
		pgraft_events_turn(turn.raft.leader_id, &turn.state);
		WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, patience(&turn, decision), wait_event);
		ResetLatch(MyLatch);
	}
	/* Status 1: a worker that somebody terminated comes back; at a shutdown it does not. */
	proc_exit(1);
}
