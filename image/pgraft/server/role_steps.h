/*
 * role_steps.h
 *	  The steps that core/policy.c names, each idempotent: it is asked for again every turn until the view has changed.
 */
#ifndef PGRAFT_ROLE_STEPS_H
#define PGRAFT_ROLE_STEPS_H

#include "server/chain.h"
#include "server/shared.h"

/* What a turn of the role worker knows; the steps change role and chain. */
typedef struct PgraftRoleTurn
{
	PgraftRaftStatus raft;
	PgraftState state;
	uint64 state_generation;
	PgraftRoleStatus role;
	PgraftChain chain;		   /* as on disk */
	bool proposal_settled;	   /* no proposal of ours is under way */
	int64_t asked_transfer_ms; /* when a transfer was asked for last */
} PgraftRoleTurn;

extern void pgraft_step_wait(PgraftRoleTurn *turn);
extern void pgraft_step_follow(PgraftRoleTurn *turn, int32_t node_id, uint64_t term);
extern void pgraft_step_hand_over(PgraftRoleTurn *turn, int32_t node_id);
extern void pgraft_step_commit_intent(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_promote(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_commit_record(PgraftRoleTurn *turn, uint64_t term);
extern void pgraft_step_serve(PgraftRoleTurn *turn, uint64_t term);

#endif
