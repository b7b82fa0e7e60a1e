/*
 * role_settings.c
 *	  See role_settings.h.
 *
 * The wanted values are compared by their hashes, which every process can read without a lock: the postmaster reads configuration files
 * too, and must never wait.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xlogrecovery.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "server/role_settings.h"
#include "server/shared.h"

#define SYNC_NAME	  "synchronous_standby_names"
#define CONNINFO_NAME "primary_conninfo"
#define SLOT_NAME	  "primary_slot_name"

static GucStringCheckHook check_sync_before;
static GucStringCheckHook check_conninfo_before;
static GucStringCheckHook check_slot_before;
static GucStringAssignHook assign_sync_before;
static GucStringAssignHook assign_conninfo_before;
static ProcessUtility_hook_type utility_before;

uint64
pgraft_value_hash(const char *value)
{
	return hash_bytes_extended((const unsigned char *) value, (int) strlen(value), 0) | 1;
}

/* A parallel worker copies its leader's settings, which may be older; the log's process has let go of shared memory.  Neither applies them. */
static bool
applies_settings(void)
{
	return pgraft_shared != NULL && !IsParallelWorker() && MyBackendType != B_LOGGER;
}

static bool
check_wanted(PgraftGuarded setting, const char *name, const char *value)
{
	if (!applies_settings() || pg_atomic_read_u64(&pgraft_shared->wanted[setting]) == pgraft_value_hash(value))
		return true;
	GUC_check_errcode(ERRCODE_CANT_CHANGE_RUNTIME_PARAM);
	GUC_check_errmsg("parameter \"%s\" cannot be set to \"%s\": pgraft sets it", name, value);
	GUC_check_errdetail(
		"The value comes from a configuration file. It is not applied: the server keeps the one it has.");
	GUC_check_errhint("ALTER SYSTEM RESET %s takes it out of postgresql.auto.conf.", name);
	return false;
}

static bool
check_sync(char **value, void **extra, GucSource source)
{
	return check_wanted(PGRAFT_GUARDED_SYNC, SYNC_NAME, *value) &&
		   (check_sync_before == NULL || check_sync_before(value, extra, source));
}

static bool
check_conninfo(char **value, void **extra, GucSource source)
{
	return check_wanted(PGRAFT_GUARDED_CONNINFO, CONNINFO_NAME, *value) &&
		   (check_conninfo_before == NULL || check_conninfo_before(value, extra, source));
}

static bool
check_slot(char **value, void **extra, GucSource source)
{
	return check_wanted(PGRAFT_GUARDED_SLOT, SLOT_NAME, *value) &&
		   (check_slot_before == NULL || check_slot_before(value, extra, source));
}

static void
assign_sync(const char *value, void *extra)
{
	if (assign_sync_before)
		assign_sync_before(value, extra);
	pgraft_sync_applied(value);
}

static void
assign_conninfo(const char *value, void *extra)
{
	if (assign_conninfo_before)
		assign_conninfo_before(value, extra);
	pgraft_conninfo_applied(value);
}

/* What ALTER SYSTEM may not set, and what to do instead. */
static const struct
{
	const char *name;
	const char *detail;
	const char *hint;
} refused[] = {
	{SYNC_NAME, "It names the members that have to confirm a commit, and follows from the cluster's membership.",
	 "There is nothing to set: synchronous_commit says what a session waits for."},
	{CONNINFO_NAME, "A standby streams from the primary that the members have agreed on.",
	 "There is nothing to set: SELECT * FROM pgraft_get_cluster_status() tells who is the primary."},
	{SLOT_NAME, "Each standby streams from the slot that the primary keeps for it.", "There is nothing to set."},
	{"restart_after_crash",
	 "A server that crashed is always started again as a standby; otherwise it could write beside its successor.",
	 "There is nothing to set: the server comes back by itself."},
};

static void
refuse_alter_system(AlterSystemStmt *statement)
{
	VariableSetStmt *set = statement->setstmt;

	if (set->kind != VAR_SET_VALUE)
		return;
	for (size_t i = 0; i < lengthof(refused); i++)
		if (pg_strcasecmp(set->name, refused[i].name) == 0)
			ereport(ERROR, errcode(ERRCODE_CANT_CHANGE_RUNTIME_PARAM),
					errmsg("parameter \"%s\" cannot be set to \"%s\": pgraft sets it", refused[i].name,
						   ExtractSetVariableArgs(set)),
					errdetail("%s", refused[i].detail), errhint("%s", refused[i].hint));
}

static void
process_utility(PlannedStmt *statement, const char *query, bool read_only, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	if (IsA(statement->utilityStmt, AlterSystemStmt))
		refuse_alter_system((AlterSystemStmt *) statement->utilityStmt);
	if (utility_before)
		utility_before(statement, query, read_only, context, params, environment, dest, completion);
	else
		standard_ProcessUtility(statement, query, read_only, context, params, environment, dest, completion);
}

static struct config_string *
string_setting(const char *name)
{
	return (struct config_string *) find_option(name, false, false, ERROR);
}

static void
refuse_initial_primary(void)
{
	if (PrimaryConnInfo[0] != '\0')
		ereport(FATAL, errcode(ERRCODE_CANT_CHANGE_RUNTIME_PARAM),
				errmsg("parameter \"" CONNINFO_NAME "\" is \"%s\": pgraft sets it", PrimaryConnInfo),
				errdetail("A server starts by streaming from nobody, until the members have told it from whom."),
				errhint("Remove it from postgresql.conf and postgresql.auto.conf."));
}

void
pgraft_role_settings_guard(void)
{
	struct config_string *sync = string_setting(SYNC_NAME);
	struct config_string *conninfo = string_setting(CONNINFO_NAME);
	struct config_string *slot = string_setting(SLOT_NAME);

	refuse_initial_primary();
	check_sync_before = sync->check_hook;
	sync->check_hook = check_sync;
	assign_sync_before = sync->assign_hook;
	sync->assign_hook = assign_sync;
	check_conninfo_before = conninfo->check_hook;
	conninfo->check_hook = check_conninfo;
	assign_conninfo_before = conninfo->assign_hook;
	conninfo->assign_hook = assign_conninfo;
	check_slot_before = slot->check_hook;
	slot->check_hook = check_slot;
	utility_before = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}

void
pgraft_want_present_settings(void)
{
	pg_atomic_init_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SYNC], pgraft_value_hash(SyncRepStandbyNames));
	pg_atomic_init_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_CONNINFO], pgraft_value_hash(PrimaryConnInfo));
	pg_atomic_init_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SLOT], pgraft_value_hash(PrimarySlotName));
}

void
pgraft_want_settings(const PgraftRoleConf *conf)
{
	pg_atomic_write_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SYNC],
						pgraft_value_hash(conf->synchronous_standby_names));
	pg_atomic_write_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_CONNINFO], pgraft_value_hash(conf->primary_conninfo));
	pg_atomic_write_u64(&pgraft_shared->wanted[PGRAFT_GUARDED_SLOT], pgraft_value_hash(conf->primary_slot_name));
	pg_memory_barrier();
}
