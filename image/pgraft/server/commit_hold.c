/*
 * commit_hold.c
 *	  See commit_hold.h.
 *
 * A process says that its commit is under way before it looks whether commits are held, and the role worker says that they are held before
 * it looks who is under way: one of the two sees the other.
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/wait_event.h"

#include "server/commit_hold.h"
#include "server/gate.h"
#include "server/shared.h"

static bool begun;

static void
enter(PgraftCommitStage stage)
{
	begun = stage != PGRAFT_COMMIT_NONE;
	pg_atomic_exchange_u32(&pgraft_shared->processes[MyProcNumber].commit, stage);
}

static bool
are_held(void)
{
	return pg_atomic_read_u32(&pgraft_shared->commits_held) != 0;
}

static void
await_release(void)
{
	static uint32 wait_event;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("PgraftHandOver");
	ConditionVariablePrepareToSleep(&pgraft_shared->commits_released);
	while (are_held())
		ConditionVariableSleep(&pgraft_shared->commits_released, wait_event);
	ConditionVariableCancelSleep();
}

void
pgraft_commit_begin(void)
{
	enter(PGRAFT_COMMIT_UNDER_WAY);
	while (are_held())
	{
		enter(PGRAFT_COMMIT_WAITS);
		await_release();

		/* In vain: it waits, for whoever looks, until its client knows and it is rolled back. */
		if (!pgraft_commits_open())
			return;
		enter(PGRAFT_COMMIT_UNDER_WAY);
	}
}

void
pgraft_commit_end(void)
{
	if (begun)
		enter(PGRAFT_COMMIT_NONE);
}

void
pgraft_commits_hold(void)
{
	pg_atomic_exchange_u32(&pgraft_shared->commits_held, 1);
}

void
pgraft_commits_release(void)
{
	if (pg_atomic_exchange_u32(&pgraft_shared->commits_held, 0) != 0)
		ConditionVariableBroadcast(&pgraft_shared->commits_released);
}

static bool
any_is(PgraftCommitStage stage)
{
	pg_memory_barrier();
	for (ProcNumber i = 0; i < pgraft_process_slots(); i++)
		if (pg_atomic_read_u32(&pgraft_shared->processes[i].commit) == (uint32) stage)
			return true;
	return false;
}

bool
pgraft_commits_under_way(void)
{
	return any_is(PGRAFT_COMMIT_UNDER_WAY);
}

bool
pgraft_commits_waiting(void)
{
	return any_is(PGRAFT_COMMIT_WAITS);
}
