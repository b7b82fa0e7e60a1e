/*
 * sync_setting.c
 *	  See sync_setting.h.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/spin.h"

#include "net/files.h"
#include "server/role_settings.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/sync_setting.h"

static PgraftRoleConf applied;
static int applied_generation; /* 0: nothing applied in this run of the worker */
static bool confirms_nothing;  /* this walsender */

/* A value as postgresql.conf wants it: quotes doubled. */
static void
append_setting(StringInfo text, const char *name, const char *value)
{
	appendStringInfo(text, "%s = '", name);
	for (const char *c = value; *c != '\0'; c++)
	{
		if (*c == '\'' || *c == '\\')
			appendStringInfoChar(text, *c);
		appendStringInfoChar(text, *c);
	}
	appendStringInfoString(text, "'\n");
}

static int
next_generation(void)
{
	int generation;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	generation = ++pgraft_shared->sync_generation;
	LWLockRelease(pgraft_shared->lock);
	return generation;
}

int
pgraft_role_conf_apply(const PgraftRoleConf *conf)
{
	StringInfoData text;
	char path[MAXPGPATH];
	int rc;

	if (applied_generation != 0 && memcmp(&applied, conf, sizeof applied) == 0)
		return applied_generation;
	applied_generation = 0;
	pgraft_want_settings(conf);
	initStringInfo(&text);
	appendStringInfoString(&text, "# Written by pgraft for its role of the moment. Changes are overwritten.\n");
	append_setting(&text, "primary_conninfo", conf->primary_conninfo);
	append_setting(&text, "primary_slot_name", conf->primary_slot_name);
	/* Without a primary the startup process only looks, and says so, until it is told of one. */
	if (conf->primary_conninfo[0] == '\0' || conf->patient)
		append_setting(&text, "wal_retrieve_retry_interval", "5s");
	append_setting(&text, "synchronous_standby_names", conf->synchronous_standby_names);
	applied_generation = next_generation();
	appendStringInfo(&text, "pgraft.sync_generation = %d\n", applied_generation);
	snprintf(path, sizeof path, "%s/role.conf", pgraft_data_dir);
	rc = pgraft_write_durably(path, text.data, text.len);
	pfree(text.data);
	if (rc != 0)
	{
		applied_generation = 0;
		errno = rc;
		ereport(ERROR, errcode_for_file_access(), errmsg("could not write \"%s\": %m", path));
	}
	applied = *conf;
	if (kill(PostmasterPid, SIGHUP) != 0)
		ereport(WARNING, errmsg("could not ask the postmaster to reload: %m"));
	return applied_generation;
}

static uint64
sync_of_process(pid_t pid)
{
	PGPROC *proc = BackendPidGetProc(pid);

	return proc == NULL ? 0 : pg_atomic_read_u64(&pgraft_shared->processes[GetNumberFromPGProc(proc)].sync);
}

static bool
walsenders_apply(uint64 wanted)
{
	for (int i = 0; i < max_wal_senders; i++)
	{
		WalSnd *walsender = &WalSndCtl->walsnds[i];
		pid_t pid;

		SpinLockAcquire(&walsender->mutex);
		pid = walsender->pid;
		SpinLockRelease(&walsender->mutex);
		if (pid != 0 && sync_of_process(pid) != wanted)
			return false;
	}
	return true;
}

/* What it has read is in its flags a moment later. */
static bool
checkpointer_applies(uint64 wanted)
{
	bits8 expected = SYNC_STANDBY_INIT | (wanted == pgraft_value_hash("") ? 0 : SYNC_STANDBY_DEFINED);
	bits8 status;

	if (pg_atomic_read_u64(&pgraft_shared->checkpointer_sync) != wanted)
		return false;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	status = WalSndCtl->sync_standbys_status;
	LWLockRelease(SyncRepLock);
	return (status & (SYNC_STANDBY_INIT | SYNC_STANDBY_DEFINED)) == expected;
}

static bool
all_apply(uint64 wanted)
{
	return checkpointer_applies(wanted) && walsenders_apply(wanted);
}

bool
pgraft_sync_in_force(int generation)
{
	return generation != 0 && all_apply(pg_atomic_read_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SYNC]));
}

bool
pgraft_sync_wants_nobody(void)
{
	return pg_atomic_read_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SYNC]) == pgraft_value_hash("");
}

bool
pgraft_sync_asks_nobody(void)
{
	return pgraft_sync_wants_nobody() && all_apply(pgraft_value_hash(""));
}

static bool
startup_has_read(int generation)
{
	return generation != 0 && pg_atomic_read_u32(&pgraft_shared->startup_generation) == (uint32) generation;
}

static bool
startup_applies_wanted(void)
{
	return pg_atomic_read_u64(&pgraft_shared->startup_conninfo) ==
		   pg_atomic_read_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_CONNINFO]);
}

bool
pgraft_startup_has(int generation)
{
	return startup_has_read(generation) && startup_applies_wanted();
}

bool
pgraft_startup_is_misled(int generation)
{
	return startup_has_read(generation) && !startup_applies_wanted();
}

static bool
is_published_by(BackendType type)
{
	return pgraft_shared != NULL && IsUnderPostmaster && MyBackendType == type && MyProcNumber != INVALID_PROC_NUMBER;
}

void
pgraft_sync_applied(const char *value)
{
	if (is_published_by(B_CHECKPOINTER))
		pg_atomic_write_u64(&pgraft_shared->checkpointer_sync, pgraft_value_hash(value));
	else if (is_published_by(B_WAL_SENDER))
	{
		/* PostgreSQL then finds its name in no list. */
		if (confirms_nothing)
			SyncRepConfig = NULL;
		pg_atomic_write_u64(&pgraft_shared->processes[MyProcNumber].sync, pgraft_value_hash(value));
	}
}

void
pgraft_sync_confirm_nothing(void)
{
	confirms_nothing = true;
	SyncRepConfig = NULL;
}

void
pgraft_publish_inherited_sync(void)
{
	pgraft_sync_applied(SyncRepStandbyNames);
}

void
pgraft_conninfo_applied(const char *value)
{
	if (is_published_by(B_STARTUP))
		pg_atomic_write_u64(&pgraft_shared->startup_conninfo, pgraft_value_hash(value));
}

/* It stands last in the file: what else the file says is applied by now. */
void
pgraft_sync_generation_assign(int newval, void *extra)
{
	if (!is_published_by(B_STARTUP))
		return;
	pg_atomic_write_u32(&pgraft_shared->startup_proc, (uint32) MyProcNumber + 1);
	pg_atomic_write_u32(&pgraft_shared->startup_generation, (uint32) newval);
}
