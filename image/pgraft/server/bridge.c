/*
 * bridge.c
 *	  See bridge.h.
 *
 * The hooks run inside libuv's and libraft's callbacks: no ereport(ERROR) here, nothing that waits, and the lock only for copies.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xlog.h"
#include "miscadmin.h"

#include "net/files.h"
#include "server/ask.h"
#include "server/bridge.h"
#include "server/leadership_events.h"
#include "server/leadership_log.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/status_change.h"

static uint64 proposal_taken;
static uint64 barrier_told;
static uint32 streams_told;

static void
log_line(const char *message)
{
	ereport(LOG, errmsg("pgraft: %s", message));
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

static void
publish_status(const PgraftRaftStatus *status)
{
	static PgraftRaftStatus before;
	bool wake;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	before = pgraft_shared->raft;
	pgraft_shared->raft = *status;
	LWLockRelease(pgraft_shared->lock);
	wake = pgraft_matters_to_roles(&before, status);
	if (wake)
		pgraft_note_leadership(&before, status);
	pgraft_log_leadership(&before, status);
	pgraft_asks_applied(status);
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

/* Under the lock. */
static int64_t
lag_of(int32_t node_id)
{
	if (node_id == pgraft_node_id)
		return 0;
	for (int i = 0; i < pgraft_shared->n_lags; i++)
		if (pgraft_shared->lags[i].node_id == node_id)
			return pgraft_shared->lags[i].lag_bytes;
	return -1;
}

/* What the others hear of this server while it leads. */
static void
describe_self(PgraftBeat *beat)
{
	bool serves;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	serves = pgraft_shared->role.action == PGRAFT_SERVE;
	if (serves)
	{
		beat->promotion_term = pgraft_shared->role.promoting_term;
		beat->oldest_lsn = pgraft_shared->role.oldest_lsn;
		beat->rejoin_node = pgraft_shared->role.rejoin_node;
	}
	for (int i = 0; i < beat->n_progress; i++)
		beat->progress[i].lag_bytes = serves ? lag_of(beat->progress[i].node_id) : -1;
	LWLockRelease(pgraft_shared->lock);
	if (beat->promotion_term != 0 && !RecoveryInProgress())
		beat->flush_lsn = GetFlushRecPtr(NULL);
}

static void
want_barrier(const PgraftBarrier *barrier)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->barrier = *barrier;
	LWLockRelease(pgraft_shared->lock);
	wake_role_worker();
}

static void
want_hand_over(int32_t node_id)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->hand_over_to = node_id;
	pgraft_shared->hand_over_wish++;
	pgraft_shared->hand_over_error[0] = '\0';
	if (node_id == 0)
		pgraft_shared->transfer_to = 0;
	LWLockRelease(pgraft_shared->lock);
	wake_role_worker();
}

/* The entry point reads the file, and starts the server again as one that waits to be added. */
static void
raft_state_lost(const char *why)
{
	char path[MAXPGPATH];
	char line[512];
	int length = snprintf(line, sizeof line, "%.500s\n", why);
	int error;

	snprintf(path, sizeof path, "%s/lost", pgraft_data_dir);
	error = pgraft_write_durably(path, line, length);
	errno = error;
	if (error != 0)
		ereport(LOG, errcode_for_file_access(), errmsg("pgraft: could not write \"%s\": %m", path));
	ereport(LOG, errmsg("pgraft: this server stops, its Raft state is lost: %s", why));
	if (kill(PostmasterPid, SIGINT) != 0)
		ereport(LOG, errmsg("could not signal the postmaster: %m"));
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
	uint64 barrier;
	int32_t transfer_to;
	char hand_over_error[PGRAFT_VALUE_SIZE];

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	ticket = pgraft_shared->proposal_ticket;
	if (ticket != proposal_taken)
		entry = pgraft_shared->proposal;
	transfer_to = pgraft_shared->transfer_to;
	pgraft_shared->transfer_to = 0;
	barrier = pgraft_shared->barrier_reached;
	strlcpy(hand_over_error, pgraft_shared->hand_over_error, sizeof hand_over_error);
	pgraft_shared->hand_over_error[0] = '\0';
	report = pgraft_shared->report;
	LWLockRelease(pgraft_shared->lock);
	pgraft_consensus_report(&report);
	if (ticket != proposal_taken)
	{
		proposal_taken = ticket;
		pgraft_consensus_propose(&entry, ticket);
	}
	if (barrier != barrier_told)
	{
		barrier_told = barrier;
		pgraft_consensus_barrier_reached(barrier);
	}
	if (transfer_to != 0)
		pgraft_consensus_transfer(transfer_to);
	if (hand_over_error[0] != '\0')
		pgraft_consensus_hand_over_failed(hand_over_error);
}

static void
serve_asks(void)
{
	PgraftRequest request;
	uint64 ticket;
	bool given_up;

	while (pgraft_asks_take(&request, &ticket, &given_up))
	{
		if (given_up)
			pgraft_consensus_forget_request(ticket);
		else
			pgraft_consensus_request(&request, ticket);
	}
}

static void
tell_of_streams(void)
{
	uint32 ended = pg_atomic_read_u32(&pgraft_shared->streams_ended);

	if (ended == streams_told)
		return;
	streams_told = ended;
	pgraft_consensus_stream_ended();
}

void
pgraft_bridge_serve(void)
{
	tell_of_streams();
	serve_formation();
	serve_role_worker();
	serve_asks();
}

void
pgraft_bridge_hooks(PgraftConsensusHooks *hooks)
{
	hooks->log = log_line;
	hooks->publish_status = publish_status;
	hooks->publish_state = publish_state;
	hooks->proposal_done = proposal_settled;
	hooks->publish_lease = publish_lease;
	hooks->own_beat = describe_self;
	hooks->request_done = pgraft_asks_settle;
	hooks->want_barrier = want_barrier;
	hooks->want_hand_over = want_hand_over;
	hooks->lost = raft_state_lost;
}

void
pgraft_bridge_begin(void)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->consensus_pid = MyProcPid;
	proposal_taken = pgraft_shared->proposal_settled = pgraft_shared->proposal_ticket;
	barrier_told = pgraft_shared->barrier_reached;
	LWLockRelease(pgraft_shared->lock);
	streams_told = pg_atomic_read_u32(&pgraft_shared->streams_ended);
	pgraft_asks_begin();
}

void
pgraft_bridge_end(void)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->consensus_pid = 0;
	pgraft_shared->raft.role = PGRAFT_RAFT_UNAVAILABLE;
	pgraft_shared->raft.leader_id = 0;
	pgraft_shared->raft.quorum = false;
	pgraft_shared->raft.lease_until_ms = 0;
	pgraft_shared->raft.n_keys = 0;
	pgraft_shared->barrier.ticket = 0;
	pgraft_shared->hand_over_to = 0;
	pgraft_shared->hand_over_wish++;
	LWLockRelease(pgraft_shared->lock);
	publish_lease(0);
	pgraft_asks_end();
	wake_role_worker();
}
