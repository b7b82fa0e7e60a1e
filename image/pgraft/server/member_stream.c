/*
 * member_stream.c
 *	  See member_stream.h.
 *
 * A name is in shared memory from a stream's admission until its walsender has let go of everything, and no two streams have the same.
 */
#include "postgres.h"

#include <signal.h>

#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "utils/formatting.h"

#include "server/member_stream.h"
#include "server/role_settings.h"
#include "server/shared.h"

uint64
pgraft_stream_hash(const char *name)
{
	return pgraft_value_hash(asc_tolower(name, strlen(name)));
}

void
pgraft_incomplete_name(int32_t node_id, char *buf, size_t size)
{
	snprintf(buf, size, "pgraft_node_%d_incomplete", node_id);
}

static uint64
name_of(ProcNumber number)
{
	return pg_atomic_read_u64(&pgraft_shared->processes[number].member);
}

static XLogRecPtr
flushed_by(pid_t pid)
{
	for (int i = 0; i < max_wal_senders; i++)
	{
		WalSnd *walsender = &WalSndCtl->walsnds[i];
		XLogRecPtr flushed = InvalidXLogRecPtr;
		bool found;

		SpinLockAcquire(&walsender->mutex);
		found = walsender->pid == pid;
		if (found)
			flushed = walsender->flush;
		SpinLockRelease(&walsender->mutex);
		if (found)
			return flushed;
	}
	return InvalidXLogRecPtr;
}

XLogRecPtr
pgraft_stream_flushed(const char *name)
{
	uint64 hash = pgraft_stream_hash(name);

	for (ProcNumber i = 0; i < pgraft_process_slots(); i++)
	{
		XLogRecPtr flushed;

		if (name_of(i) != hash)
			continue;
		flushed = flushed_by(GetPGProcByNumber(i)->pid);
		pg_memory_barrier();

		/* Otherwise it has ended meanwhile, and the process may be another one. */
		return name_of(i) == hash ? flushed : InvalidXLogRecPtr;
	}
	return InvalidXLogRecPtr;
}

static bool
contains(const uint64 *hashes, int n, uint64 hash)
{
	for (int i = 0; i < n; i++)
		if (hashes[i] == hash)
			return true;
	return false;
}

bool
pgraft_streams_end_but(const uint64 *kept, int n)
{
	bool left = false;

	for (ProcNumber i = 0; i < pgraft_process_slots(); i++)
	{
		uint64 hash = name_of(i);
		pid_t pid = GetPGProcByNumber(i)->pid;

		pg_memory_barrier();
		if (hash == 0 || contains(kept, n, hash) || name_of(i) != hash)
			continue;
		left = true;
		if (pid != 0)
			kill(pid, SIGTERM);
	}
	return !left;
}
