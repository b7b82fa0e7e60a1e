/*
 * consensus_worker.c
 *	  Background worker "pgraft consensus": the libuv loop with everything that libraft does, and its bridge to shared memory.
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

#include "core/peer_message.h"
#include "net/consensus.h"
#include "net/files.h"
#include "server/crypto.h"
#include "server/identity.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/workers.h"

static volatile sig_atomic_t stop_requested;
static uint64 proposal_taken;

static void
request_stop(SIGNAL_ARGS)
{
	stop_requested = 1;
	pgraft_wake_consensus();
}

static void
log_line(const char *message)
{
	ereport(LOG, errmsg("pgraft: %s", message));
}

static void
fatal(const char *message)
{
	ereport(LOG, errmsg("pgraft consensus stops: %s", message), errhint("It is started anew in a second."));
	proc_exit(1);
}

static void
wake_role_worker(void)
{
	Latch *latch;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	latch = pgraft_shared->role_latch;
	LWLockRelease(pgraft_shared->lock);
	if (latch != NULL)
		SetLatch(latch);
}

static bool
peers_matter(const PgraftRaftStatus *a, const PgraftRaftStatus *b)
{
	if (a->n_peers != b->n_peers)
		return true;
	for (int i = 0; i < a->n_peers; i++)
	{
		const PgraftPeerStatus *before = &a->peers[i];
		const PgraftPeerStatus *now = &b->peers[i];

		if (before->node_id != now->node_id || before->voter != now->voter || before->reachable != now->reachable ||
			!pgraft_report_equal(&before->report, &now->report))
			return true;
	}
	return false;
}

static bool
matters_to_roles(const PgraftRaftStatus *a, const PgraftRaftStatus *b)
{
	return a->role != b->role || a->term != b->term || a->leader_id != b->leader_id || a->quorum != b->quorum ||
		   a->barrier_term != b->barrier_term || a->beat.promotion_term != b->beat.promotion_term || peers_matter(a, b);
}

static void
publish_status(const PgraftRaftStatus *status)
{
	bool wake;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	wake = matters_to_roles(&pgraft_shared->raft, status);
	pgraft_shared->raft = *status;
	LWLockRelease(pgraft_shared->lock);
	if (wake)
		wake_role_worker();
}

static void
publish_state(const PgraftState *state)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->state = *state;
	pgraft_shared->state_generation++;
	LWLockRelease(pgraft_shared->lock);
	wake_role_worker();
}

static void
proposal_settled(uint64_t ticket, bool committed)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->proposal_settled = ticket;
	LWLockRelease(pgraft_shared->lock);
	if (!committed)
		log_line("a proposal was not committed by this leader");
	wake_role_worker();
}

/* Read by every backend before it commits (S5). */
static void
publish_lease(int64_t until_ms)
{
	pg_atomic_write_u64(&pgraft_shared->lease_until_ms, (uint64) until_ms);
}

/* What the others hear of this server while it leads. */
static void
describe_self(PgraftBeat *beat)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	if (pgraft_shared->role.action == PGRAFT_SERVE)
	{
		beat->promotion_term = pgraft_shared->role.promoting_term;
		beat->oldest_lsn = pgraft_shared->role.oldest_lsn;
		beat->rejoin_node = pgraft_shared->role.rejoin_node;
	}
	LWLockRelease(pgraft_shared->lock);
	if (beat->promotion_term != 0 && !RecoveryInProgress())
		beat->flush_lsn = GetFlushRecPtr(NULL);
}

static void
serve_formation(void)
{
	char why[PGRAFT_VALUE_SIZE] = "";
	uint64 requested;
	bool ok;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	requested = pgraft_shared->form_requested;
	ok = requested == pgraft_shared->form_settled;
	LWLockRelease(pgraft_shared->lock);
	if (ok)
		return;
	ok = pgraft_consensus_form(why, sizeof why);
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->form_settled = requested;
	pgraft_shared->form_ok = ok;
	strlcpy(pgraft_shared->form_error, why, sizeof pgraft_shared->form_error);
	LWLockRelease(pgraft_shared->lock);
	ConditionVariableBroadcast(&pgraft_shared->request_settled);
}

static void
serve_role_worker(void)
{
	static PgraftEntry entry;
	PgraftReport report;
	uint64 ticket;
	int32_t transfer_to;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	ticket = pgraft_shared->proposal_ticket;
	if (ticket != proposal_taken)
		entry = pgraft_shared->proposal;
	transfer_to = pgraft_shared->transfer_to;
	pgraft_shared->transfer_to = 0;
	report = pgraft_shared->report;
	LWLockRelease(pgraft_shared->lock);
	pgraft_consensus_report(&report);
	if (ticket != proposal_taken)
	{
		proposal_taken = ticket;
		pgraft_consensus_propose(&entry, ticket);
	}
	if (transfer_to != 0)
		pgraft_consensus_transfer(transfer_to);
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
	serve_formation();
	serve_role_worker();
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
	config->key_size = pgraft_read_key(config->key, sizeof config->key, why, sizeof why);
	if (config->key_size == 0)
		fatal(why);
	config->crypto = &pgraft_server_crypto;
	config->election_timeout_ms = (unsigned) pgraft_election_timeout;
	config->heartbeat_interval_ms = (unsigned) pgraft_heartbeat_interval;
	config->snapshot_threshold = (unsigned) pgraft_snapshot_threshold;
	config->trailing_entries = (unsigned) pgraft_trailing_entries;
	config->hooks = (PgraftConsensusHooks){
		.log = log_line,
		.fatal = fatal,
		.publish_status = publish_status,
		.publish_state = publish_state,
		.proposal_done = proposal_settled,
		.publish_lease = publish_lease,
		.own_beat = describe_self,
	};
}

static void
forget(int code, Datum arg)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->consensus_pid = 0;
	pgraft_shared->raft.role = PGRAFT_RAFT_UNAVAILABLE;
	pgraft_shared->raft.leader_id = 0;
	pgraft_shared->raft.quorum = false;
	pgraft_shared->raft.lease_until_ms = 0;
	LWLockRelease(pgraft_shared->lock);
	publish_lease(0);
	wake_role_worker();
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
	pqsignal(SIGHUP, SIG_IGN);
	if (uv_loop_init(&loop) != 0)
		fatal("could not make a libuv loop");
	make_pool(&loop);
	BackgroundWorkerUnblockSignals();

	CurrentResourceOwner = ResourceOwnerCreate(NULL, "pgraft consensus");
	before_shmem_exit(forget, (Datum) 0);
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->consensus_pid = MyProcPid;
	proposal_taken = pgraft_shared->proposal_settled = pgraft_shared->proposal_ticket;
	LWLockRelease(pgraft_shared->lock);

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
