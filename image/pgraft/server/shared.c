/*
 * shared.c
 *	  See shared.h.
 */
#include "postgres.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "server/role_settings.h"
#include "server/shared.h"

PgraftShared *pgraft_shared;

static shmem_request_hook_type previous_request_hook;
static shmem_startup_hook_type previous_startup_hook;
static int wake_fd = -1;

/* Auxiliary processes and prepared transactions have numbers too; MaxBackends is known only after all modules are loaded. */
int
pgraft_process_slots(void)
{
	return MaxBackends + NUM_AUXILIARY_PROCS;
}

static Size
shared_size(void)
{
	return add_size(offsetof(PgraftShared, processes), mul_size(pgraft_process_slots(), sizeof(PgraftProcess)));
}

static void
request_shared(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(shared_size());
	RequestNamedLWLockTranche("pgraft", 1);
}

static void
startup_shared(void)
{
	bool found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	pgraft_shared = ShmemInitStruct("pgraft", shared_size(), &found);
	if (!found)
	{
		memset(pgraft_shared, 0, shared_size());
		pgraft_shared->lock = &GetNamedLWLockTranche("pgraft")->lock;
		pgraft_state_init(&pgraft_shared->state);
		ConditionVariableInit(&pgraft_shared->request_settled);
		ConditionVariableInit(&pgraft_shared->commits_released);
		pg_atomic_init_u32(&pgraft_shared->commits_open, 0);
		pg_atomic_init_u32(&pgraft_shared->commits_held, 0);
		pg_atomic_init_u64(&pgraft_shared->only_stream, 0);
		pg_atomic_init_u64(&pgraft_shared->lease_until_ms, 0);
		pg_atomic_init_u32(&pgraft_shared->startup_generation, 0);
		pg_atomic_init_u32(&pgraft_shared->startup_proc, 0);
		for (int i = 0; i < pgraft_process_slots(); i++)
		{
			pg_atomic_init_u64(&pgraft_shared->processes[i].sync, 0);
			pg_atomic_init_u64(&pgraft_shared->processes[i].member, 0);
			pg_atomic_init_u32(&pgraft_shared->processes[i].commit, PGRAFT_COMMIT_NONE);
		}
		pg_atomic_init_u64(&pgraft_shared->startup_conninfo, 0);
		pg_atomic_init_u32(&pgraft_shared->streams_ended, 0);
		pg_atomic_init_u32(&pgraft_shared->stopped_receiver, 0);
		pg_atomic_init_u64(&pgraft_shared->checkpointer_sync, 0);
		pgraft_want_present_settings();
	}
	LWLockRelease(AddinShmemInitLock);
}

void
pgraft_shared_request(void)
{
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_fd < 0)
		ereport(FATAL, errcode_for_file_access(), errmsg("could not make an eventfd: %m"));
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shared;
}

void
pgraft_wake_consensus(void)
{
	uint64 one = 1;
	int saved = errno;

	/* A full counter means that it is awake anyway. */
	if (write(wake_fd, &one, sizeof one) < 0)
		errno = saved;
}

int
pgraft_wake_fd(void)
{
	return wake_fd;
}

void
pgraft_require_shared(void)
{
	if (pgraft_shared == NULL)
		ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("pgraft is not running in this server"),
				errhint("Add pgraft to shared_preload_libraries and restart."));
}

void
pgraft_copy_raft(PgraftRaftStatus *raft)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	*raft = pgraft_shared->raft;
	LWLockRelease(pgraft_shared->lock);
}

void
pgraft_copy_state(PgraftState *state)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	*state = pgraft_shared->state;
	LWLockRelease(pgraft_shared->lock);
}

void
pgraft_copy_role(PgraftRoleStatus *role)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	*role = pgraft_shared->role;
	LWLockRelease(pgraft_shared->lock);
}
