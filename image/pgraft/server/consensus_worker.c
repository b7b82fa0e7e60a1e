/*
 * consensus_worker.c
 *	  Background worker "pgraft consensus": the libuv loop with everything that libraft does.  bridge.c connects it to shared memory.
 *
 * It starts with the postmaster, also in recovery, never blocks and never touches a database.  No ereport(ERROR) leaves a libuv or libraft
 * callback: an error that cannot be mended ends the process with status 1, which PostgreSQL answers by starting it anew, not by restarting
 * the server.  libuv's threads must not run PostgreSQL's signal handlers: they are made while all signals are blocked.
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include "access/xlog.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/postmaster.h"
#include "storage/ipc.h"
#include "utils/resowner.h"

#include "net/consensus.h"
#include "net/files.h"
#include "server/bridge.h"
#include "server/chain.h"
#include "server/crypto.h"
#include "server/identity.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/workers.h"

static volatile sig_atomic_t stop_requested;
static volatile sig_atomic_t reload_requested;

static void
request_stop(SIGNAL_ARGS)
{
	stop_requested = 1;
	pgraft_wake_consensus();
}

/* The key file may have changed: the rest of what this worker was told holds until it starts anew. */
static void
request_reload(SIGNAL_ARGS)
{
	reload_requested = 1;
	pgraft_wake_consensus();
}

static void
fatal(const char *message)
{
	ereport(LOG, errmsg("pgraft consensus stops: %s", message), errhint("It is started anew in a second."));
	proc_exit(1);
}

static void
reload_keys(void)
{
	PgraftKeys keys;
	char why[256];

	if (pgraft_read_keys(&keys, why, sizeof why))
		pgraft_consensus_use_keys(&keys);
	else
		ereport(LOG, errmsg("pgraft: %s", why),
				errhint("The keys that were in use are kept. Mend the file and reload the configuration."));
	explicit_bzero(&keys, sizeof keys);
}

static void
woken(uv_poll_t *poll, int status, int events)
{
	uint64 count;

	/* The counter only says that there is something; a failed read finds nothing to do. */
	if (read(pgraft_wake_fd(), &count, sizeof count) < 0)
		return;
	if (stop_requested)
	{
		pgraft_consensus_stop();
		return;
	}
	if (reload_requested)
	{
		reload_requested = 0;
		reload_keys();
	}
	pgraft_bridge_serve();
}

static void
postmaster_died(uv_poll_t *poll, int status, int events)
{
	proc_exit(1);
}

static void
nothing(uv_work_t *work)
{
}

static void
nothing_done(uv_work_t *work, int status)
{
}

/* libuv makes its pool at the first use, with the signal mask of that moment. */
static void
make_pool(uv_loop_t *loop)
{
	static uv_work_t work;

	setenv("UV_THREADPOOL_SIZE", "12", 0);
	uv_queue_work(loop, &work, nothing, nothing_done);
}

/* A group that is formed anew from this server's data begins with its promotions.  Otherwise nobody here asks for them. */
static void
configure_recovery(PgraftConsensusConfig *config)
{
	static PgraftChain chain;
	char path[MAXPGPATH];

	snprintf(path, sizeof path, "%s/recover", pgraft_data_dir);
	if (!pgraft_file_exists(path))
		return;
	pgraft_chain_load(&chain);
	config->n_recover_links = chain.n;
	config->recover_links = chain.links;
}

static void
configure(PgraftConsensusConfig *config)
{
	char why[256];
	char host[PGRAFT_ADDRESS_SIZE];

	memset(config, 0, sizeof *config);
	strlcpy(config->data_dir, pgraft_data_dir, sizeof config->data_dir);
	pgraft_own_identity(&config->self);
	pgraft_parsed_cluster(&config->initial_cluster);
	if (!pgraft_address_parse(pgraft_listen_address, host, sizeof host, &config->listen_port, why, sizeof why))
		fatal(why);
	strlcpy(config->listen_host, host, sizeof config->listen_host);
	if (!pgraft_read_keys(&config->keys, why, sizeof why))
		fatal(why);
	config->crypto = &pgraft_server_crypto;
	config->election_timeout_ms = (unsigned) pgraft_election_timeout;
	config->heartbeat_interval_ms = (unsigned) pgraft_heartbeat_interval;
	config->snapshot_threshold = (unsigned) pgraft_snapshot_threshold;
	config->trailing_entries = (unsigned) pgraft_trailing_entries;
	config->system_identifier = GetSystemIdentifier();
	configure_recovery(config);
	pgraft_bridge_hooks(&config->hooks);
	config->hooks.fatal = fatal;
}

static void
forget(int code, Datum arg)
{
	pgraft_bridge_end();
}

/* libuv would wait for its threads at exit(), and one may hang in a name that does not resolve. */
static void
leave_at_once(int code, Datum arg)
{
	_exit(code);
}

void
pgraft_consensus_main(Datum arg)
{
	static PgraftConsensusConfig config;
	uv_loop_t loop;
	uv_poll_t wake;
	uv_poll_t death;

	on_proc_exit(leave_at_once, (Datum) 0);
	pqsignal(SIGTERM, request_stop);
	pqsignal(SIGHUP, request_reload);
	if (uv_loop_init(&loop) != 0)
		fatal("could not make a libuv loop");
	make_pool(&loop);
	BackgroundWorkerUnblockSignals();

	CurrentResourceOwner = ResourceOwnerCreate(NULL, "pgraft consensus");
	before_shmem_exit(forget, (Datum) 0);
	pgraft_bridge_begin();

	configure(&config);
	uv_poll_init(&loop, &wake, pgraft_wake_fd());
	uv_poll_start(&wake, UV_READABLE, woken);
	uv_poll_init(&loop, &death, postmaster_alive_fds[POSTMASTER_FD_WATCH]);
	uv_poll_start(&death, UV_READABLE, postmaster_died);
	pgraft_consensus_start(&loop, &config);
	pgraft_wake_consensus();
	uv_run(&loop, UV_RUN_DEFAULT);

	/* Status 1: a worker that somebody terminated comes back; at a shutdown it does not. */
	proc_exit(1);
}
