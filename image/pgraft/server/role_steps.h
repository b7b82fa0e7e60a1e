/*
 * role_steps.h
 *	  The steps that core/policy.c names, each idempotent: it is asked for again every turn until the view has changed.
 */
#ifndef PGRAFT_ROLE_STEPS_H
#define PGRAFT_ROLE_STEPS_H

#include "access/xlogdefs.h"

#include "server/chain.h"
#include "server/rejoin.h"
#include "server/shared.h"

typedef enum PgraftLeavingStage
{
	PGRAFT_HAND_OVER_DRAIN = 1,	  /* commits under way are confirmed */
	PGRAFT_HAND_OVER_END_STREAMS, /* but that of the server that takes over */
	PGRAFT_HAND_OVER_CATCH_UP,	  /* that one gets the rest */
	PGRAFT_HAND_OVER_ASKED,		  /* Raft's leadership is transferred */
	PGRAFT_HAND_OVER_GIVEN_UP
} PgraftLeavingStage;

/* The way of leadership to another server (hand_over.c). */
typedef struct PgraftLeaving
{
	int32_t to;	 /* 0: none */
	uint64 wish; /* that it follows: the same server may be named again */
	PgraftLeavingStage stage;
	int64_t since_ms; /* began, or was asked for */
	XLogRecPtr end;	  /* that the server that takes over has to have */
} PgraftLeaving;

/* What a turn of the role worker knows; the steps change role, report, chain and witness. */
typedef struct PgraftRoleTurn
{
	PgraftRaftStatus raft;
	PgraftState state;
	uint64 state_generation;
	PgraftRoleStatus role;
	int n_voters;
	PgraftVoter voters[PGRAFT_MAX_NODES];
	int n_spares;
	PgraftVoter spares[PGRAFT_MAX_NODES]; /* members that do not vote */
	PgraftReport report;				  /* of this server's data, for role.frozen_term */
	PgraftChain chain;					  /* as on disk */
	PgraftRejoin witness;				  /* role.witness: what the data that is gone was worth */
	uint64 fit_term;					  /* of the promotion that fit was computed for */
	PgraftFit fit;
	XLogRecPtr wal_end;		   /* when it froze last; 0: not in this run of the worker */
	int64_t tidied_ms;		   /* when the primary looked at its WAL, streams and slots last */
	bool proposal_settled;	   /* no proposal of ours is under way */
	int64_t asked_transfer_ms; /* when a transfer was asked for last */
	int64_t lease_good_ms;	   /* until when the lease was good, or when it was first asked for */
	int64_t fenced_ms;		   /* since when this server is no longer the primary; 0: it is, or never was */
	bool stopping;			   /* the postmaster was told to stop */
	bool hurries;			   /* something is under way that nobody wakes us for */
	PgraftBarrier barrier;	   /* that is wanted */
	uint64 barrier_reached;	   /* ticket */
	uint64 barrier_ticket;	   /* that barrier_end is for */
	XLogRecPtr barrier_end;
	int32_t hand_over_to; /* wanted; 0: nobody */
	uint64 hand_over_wish;
	PgraftLeaving hand_over;
	int64_t fled_ms; /* when leadership was asked away for want of room last */
	bool patient;	 /* a stream would end again for want of room, as often as it is begun */
} PgraftRoleTurn;

/* role_view.c */
extern void pgraft_role_look(PgraftRoleTurn *turn);
extern PgraftDecision pgraft_role_decide(PgraftRoleTurn *turn);

/* standby_steps.c */
extern void pgraft_step_wait(PgraftRoleTurn *turn);
extern void pgraft_step_freeze(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_follow(PgraftRoleTurn *turn, int32_t node_id, uint64_t term);

/* leave_steps.c */
extern void pgraft_step_rejoin(PgraftRoleTurn *turn, int32_t node_id, uint64_t term);
extern void pgraft_step_drop_unused_links(PgraftRoleTurn *turn, XLogRecPtr end);
extern void pgraft_step_fence(PgraftRoleTurn *turn);
extern void pgraft_step_discard(PgraftRoleTurn *turn);

/* primary_steps.c */
extern void pgraft_step_hand_over(PgraftRoleTurn *turn, int32_t node_id);
extern void pgraft_step_commit_intent(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_promote(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_await_promotion(void);
extern void pgraft_step_commit_record(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_serve(PgraftRoleTurn *turn, uint64_t term);

/* barrier.c: once the setting of this turn is in force or not.  true: it has to be looked at again soon. */
extern bool pgraft_step_barrier(PgraftRoleTurn *turn);

/* hand_over.c: the same; and everything goes on as it did before. */
extern bool pgraft_step_prepare_hand_over(PgraftRoleTurn *turn);
extern void pgraft_hand_over_end(void);

/* upkeep.c: the lags of the standbys, and now and then what members that are gone have left. */
extern void pgraft_step_upkeep(PgraftRoleTurn *turn);

/* room.c: on every server; and on the primary. */
extern void pgraft_watch_room(PgraftRoleTurn *turn);
extern void pgraft_step_flee(PgraftRoleTurn *turn);

/* Accept no commits from now on, for this reason; it is logged when it is new. */
extern void pgraft_refuse_commits(PgraftRoleTurn *turn, const char *message);

/* How data with this chain fits the history of the newest record; only when frozen. */
extern PgraftFit pgraft_compute_fit(PgraftRoleTurn *turn);

#endif
