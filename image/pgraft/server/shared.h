/*
 * shared.h
 *	  The one struct in shared memory, and the wake-up of the consensus worker.
 *
 * One lock; fields are grouped by who writes them.  Take, copy, release, then report.  The consensus worker sleeps in its libuv loop, so it is
 * woken through an eventfd made before the fork; the role worker sleeps on its latch.
 */
#ifndef PGRAFT_SHARED_H
#define PGRAFT_SHARED_H

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

#include "core/policy.h"
#include "core/request.h"
#include "core/state_machine.h"
#include "net/status.h"

typedef struct PgraftRoleStatus
{
	PgraftAction action;
	int32_t node_id;		 /* of the decision */
	uint64_t promoting_term; /* this run of the server was asked to promote for it */
	uint64_t frozen_term;	 /* it has stopped streaming for this term and reported; pgraft_shared->report is for it */
	uint64_t following_term; /* of the promotion record that it follows as a standby */
	bool witness;			 /* its data is not whole yet (safety.md R3) */
	bool short_of_room;		 /* the file system of pg_wal is nearly full (R21) */
	bool sync_in_force;
	int32_t rejoin_node;			 /* primary: the server that may stop to rejoin, 0: none */
	uint64_t oldest_lsn;			 /* primary: from where on it still has WAL, as of lately */
	char message[PGRAFT_VALUE_SIZE]; /* what keeps it from its role, "" if nothing */
} PgraftRoleStatus;

/* Settings that only the role worker sets (role_settings.h). */
typedef enum PgraftGuarded
{
	PGRAFT_GUARDED_SYNC, /* synchronous_standby_names */
	PGRAFT_GUARDED_CONNINFO,
	PGRAFT_GUARDED_SLOT,
	PGRAFT_N_GUARDED
} PgraftGuarded;

/* How far a process is with a commit (commit_hold.h). */
typedef enum PgraftCommitStage
{
	PGRAFT_COMMIT_NONE = 0,
	PGRAFT_COMMIT_WAITS,	/* commits are held: nothing of it is written */
	PGRAFT_COMMIT_UNDER_WAY /* until its fate is known */
} PgraftCommitStage;

/* What a process has to say of itself; 0: nothing. */
typedef struct PgraftProcess
{
	pg_atomic_uint64 sync;	 /* walsender: hash of the synchronous_standby_names that it applies (R12) */
	pg_atomic_uint64 member; /* walsender: hash of the name under which it confirms (R10) */
	pg_atomic_uint32 commit; /* PgraftCommitStage */
} PgraftProcess;

/* A change that this server asks the leader for (ask.h). */
typedef enum PgraftAskState
{
	PGRAFT_ASK_FREE = 0,
	PGRAFT_ASK_ASKED,	 /* by its owner: the consensus worker has not seen it */
	PGRAFT_ASK_TAKEN,	 /* by the consensus worker, which will answer */
	PGRAFT_ASK_GIVEN_UP, /* after it was taken: the consensus worker frees it */
	PGRAFT_ASK_DONE,	 /* the outcome is there, for its owner */
	PGRAFT_ASK_ANSWERED	 /* its owner has read it; as good as free, but the client may not have heard of it yet */
} PgraftAskState;

typedef struct PgraftAsk
{
	PgraftAskState state;
	uint64 ticket; /* unique in this run of the server */
	ProcNumber proc;
	pid_t pid;
	Latch *latch;
	PgraftRequest request;
	PgraftOutcome outcome;
	bool settled; /* the outcome is known, and waits until this server has applied the log up to its index */
} PgraftAsk;

/* Slots: those of backends come first, then the role worker's own, each for one purpose. */
#define PGRAFT_CLIENT_ASKS	 8
#define PGRAFT_ASK_EVENT	 PGRAFT_CLIENT_ASKS		  /* of its queue of events */
#define PGRAFT_ASK_HAND_OVER (PGRAFT_CLIENT_ASKS + 1) /* it is short of room (wal_room.h) */
#define PGRAFT_ASKS			 (PGRAFT_CLIENT_ASKS + 2)

/* Events of this server that the role worker has not written down yet (event_queue.h). */
#define PGRAFT_NOTES 16

/* How far behind a standby that streams is. */
typedef struct PgraftLag
{
	int32_t node_id;
	int64_t lag_bytes; /* WAL that it has not flushed yet, -1 while its data is not whole */
} PgraftLag;

typedef struct PgraftShared
{
	LWLock *lock;

	/* written by the consensus worker */
	pid_t consensus_pid;
	PgraftRaftStatus raft;
	PgraftState state;
	uint64 state_generation;
	uint64 proposal_settled; /* ticket of the newest settled proposal */
	uint64 form_settled;
	bool form_ok;
	char form_error[PGRAFT_VALUE_SIZE];
	PgraftBarrier barrier; /* ticket 0: none is wanted */
	uint64 hand_over_wish; /* counts the changes of hand_over_to */
	int32_t hand_over_to;  /* prepare the primary for its taking over, then set transfer_to; 0: nobody, or given up */

	/* written by the role worker */
	pid_t role_pid;
	Latch *role_latch;
	PgraftRoleStatus role;
	uint64 proposal_ticket; /* of the entry in proposal; newer than proposal_taken: to be proposed */
	PgraftEntry proposal;
	int32_t transfer_to;					 /* 0: nothing asked */
	bool slots_dropped;						 /* those of an earlier life of the server */
	int sync_generation;					 /* of the newest include file */
	uint64 barrier_reached;					 /* ticket; wake the consensus worker */
	char hand_over_error[PGRAFT_VALUE_SIZE]; /* why the primary could not be prepared; "": nothing to tell */
	int n_lags;
	PgraftLag lags[PGRAFT_MAX_NODES]; /* of the standbys that stream from this primary, as of its newest turn */
	PgraftReport
		report; /* of this server's data; its term is the one that this run of the server is frozen for, or follows */

	/* written by backends */
	uint64 form_requested;

	/* written by whoever the state says */
	uint64 ask_ticket; /* newest */
	PgraftAsk asks[PGRAFT_ASKS];

	/* written by everybody, taken by the role worker */
	int n_notes;
	PgraftEvent notes[PGRAFT_NOTES]; /* oldest first */

	/* written by the role worker, read without the lock */
	pg_atomic_uint64 wanted[PGRAFT_N_GUARDED]; /* hashes of the values */

	/* without the lock */
	ConditionVariable request_settled;
	pg_atomic_uint32 commits_open;
	pg_atomic_uint32 commits_held; /* those that come wait, while leadership is handed over */
	ConditionVariable commits_released;
	pg_atomic_uint64 only_stream;	 /* hash of the name of the one standby that may stream meanwhile; 0: all may */
	pg_atomic_uint64 lease_until_ms; /* CLOCK_BOOTTIME; written by the consensus worker, read before each commit (S5) */
	pg_atomic_uint32 startup_generation; /* the startup process has read this one (R5) */
	pg_atomic_uint32 startup_proc;		 /* its ProcNumber + 1, 0 while unknown */
	pg_atomic_uint64 startup_conninfo;	 /* hash of the primary_conninfo that it applies */
	pg_atomic_uint32 streams_ended;		 /* those of this server's WAL receivers that nobody here ended, counted */
	pg_atomic_uint32 stopped_receiver;	 /* process id of the newest one that the role worker ended */
	pg_atomic_uint64 checkpointer_sync;	 /* hash of the synchronous_standby_names that it applies (R12) */
	PgraftProcess processes[FLEXIBLE_ARRAY_MEMBER]; /* by ProcNumber */
} PgraftShared;

extern PgraftShared *pgraft_shared;

/* From _PG_init. */
extern void pgraft_shared_request(void);

/* How many ProcNumbers there are. */
extern int pgraft_process_slots(void);

/* Wakes the consensus worker: from any process, also from a signal handler. */
extern void pgraft_wake_consensus(void);
extern int pgraft_wake_fd(void);

/* ERROR, with a hint, when the module was not loaded by shared_preload_libraries. */
extern void pgraft_require_shared(void);

/* Copies under the lock. */
extern void pgraft_copy_raft(PgraftRaftStatus *raft);
extern void pgraft_copy_state(PgraftState *state);
extern void pgraft_copy_role(PgraftRoleStatus *role);

#endif
