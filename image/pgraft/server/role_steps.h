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

/* What a turn of the role worker knows; the steps change role, report, chain and witness. */
typedef struct PgraftRoleTurn
{
	PgraftRaftStatus raft;
	PgraftState state;
	uint64 state_generation;
	PgraftRoleStatus role;
	int n_voters;
	PgraftVoter voters[PGRAFT_MAX_NODES];
	PgraftReport report;  /* of this server's data, for role.frozen_term */
	PgraftChain chain;	  /* as on disk */
	PgraftRejoin witness; /* role.witness: what the data that is gone was worth */
	uint64 fit_term;	  /* of the promotion that fit was computed for */
	PgraftFit fit;
	XLogRecPtr wal_end;		   /* when it froze last; 0: not in this run of the worker */
	int64_t looked_back_ms;	   /* when the primary looked for its oldest WAL */
	bool proposal_settled;	   /* no proposal of ours is under way */
	int64_t asked_transfer_ms; /* when a transfer was asked for last */
	int64_t lease_good_ms;	   /* until when the lease was good, or when it was first asked for */
	bool stopping;			   /* the postmaster was told to stop */
} PgraftRoleTurn;

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

/* Accept no commits from now on, for this reason; it is logged when it is new. */
extern void pgraft_refuse_commits(PgraftRoleTurn *turn, const char *message);

/* How data with this chain fits the history of the newest record; only when frozen. */
extern PgraftFit pgraft_compute_fit(PgraftRoleTurn *turn);

#endif
