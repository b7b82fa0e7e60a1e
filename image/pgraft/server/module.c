/*
 * module.c
 *	  pgraft: Raft inside PostgreSQL servers, so that they agree which of them is the primary.
 *
 * Two background workers do it: "pgraft consensus" (consensus_worker.c) speaks Raft with the other members, "pgraft role" (role_worker.c)
 * makes this server primary or standby.  They, and the SQL functions (sql_status.c, sql_admin.c), share one struct (shared.h).
 * Decisions are pure functions in core/; net/ does sockets and libraft and does not know PostgreSQL.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"

#include "server/gate.h"
#include "server/role_settings.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/wal_receiver.h"

PG_MODULE_MAGIC;

/* Seconds before a worker that stopped on an error is started anew. */
#define RESTART_SECONDS 1

static void
register_worker(const char *name, const char *function)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof worker);
	strlcpy(worker.bgw_name, name, sizeof worker.bgw_name);
	strlcpy(worker.bgw_type, name, sizeof worker.bgw_type);
	strlcpy(worker.bgw_library_name, "pgraft", sizeof worker.bgw_library_name);
	strlcpy(worker.bgw_function_name, function, sizeof worker.bgw_function_name);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_PostmasterStart;
	worker.bgw_restart_time = RESTART_SECONDS;
	RegisterBackgroundWorker(&worker);
}

void
_PG_init(void)
{
	/*
	 * Loaded later by a session (CREATE EXTENSION, a function call) there is no shared memory to be had.  A single-user server (initdb,
	 * initialisation of a new cluster) has no workers, and needs none.
	 */
	if (!process_shared_preload_libraries_in_progress || !IsPostmasterEnvironment)
		return;
	pgraft_define_settings();
	pgraft_shared_request();
	pgraft_gate_install();
	pgraft_role_settings_guard();
	pgraft_wal_receiver_preload();
	register_worker("pgraft consensus", "pgraft_consensus_main");
	register_worker("pgraft role", "pgraft_role_main");
}
