/*
 * policy.h
 *	  Who may stand, who promotes, whom to follow, when to stop: decisions as pure functions of what is known.
 *
 * Nothing outside this file may decide them.  The rules S1-S3, R1, R5-R7, R17 and R18 of safety.md are in here; the proof that
 * they keep acknowledged writes is a test on random schedules (test/extension/core/schedules).
 */
#ifndef PGRAFT_POLICY_H
#define PGRAFT_POLICY_H

#include "core/position.h"
#include "core/state_machine.h"
#include "core/types.h"

typedef struct PgraftVoter
{
	int32_t node_id;
	bool reachable; /* heard lately; true for the server itself */
	PgraftReport report;
} PgraftVoter;

/* What a server knows when it decides. */
typedef struct PgraftView
{
	int32_t self;		  /* node id */
	bool raft_known;	  /* false: its consensus worker does not run, or it is in no group */
	bool member;		  /* looked at only then: the worker is down, and the server was in a group when it was up */
	bool leader;		  /* Raft leader in current_term */
	bool barrier_applied; /* and its barrier entry of that term is applied */
	uint64_t current_term;
	bool in_recovery;
	uint64_t promoting_term; /* this run of the server was asked to promote for this term, 0 if not */
	uint64_t
		frozen_term; /* it streams from nobody of an older term, and has reported for this one; 0: not yet in this run */
	uint64_t following_term; /* of the promotion that it streams from, 0 if from none */
	bool lease_lost;		 /* as the primary: out for longer than a stall may last */
	PgraftFit fit;			 /* of its data to the primary's history; looked at only when frozen and not following */
	int n_voters;
	const PgraftVoter *voters; /* those of the configuration, the server itself included, with its own report */
	const PgraftState *state;  /* the applied state */
} PgraftView;

typedef enum PgraftAction
{
	PGRAFT_WAIT = 0,		/* nothing to do: stream from nobody, accept no commit */
	PGRAFT_STAY,			/* go on with what is being done */
	PGRAFT_FREEZE,			/* stop streaming, durably, and report for term */
	PGRAFT_FOLLOW,			/* stream from node */
	PGRAFT_REJOIN,			/* node is the primary, and this data does not fit its history: see fit */
	PGRAFT_HAND_OVER,		/* leader, but node must lead: transfer to it */
	PGRAFT_COMMIT_INTENT,	/* propose the intent of this promotion */
	PGRAFT_PROMOTE,			/* the intent of current_term is committed: promote */
	PGRAFT_AWAIT_PROMOTION, /* asked to promote, still in recovery */
	PGRAFT_COMMIT_RECORD,	/* promoted: propose the record */
	PGRAFT_SERVE,			/* the primary, record committed: set the synchronous names, accept commits when in force */
	PGRAFT_FENCE,			/* primary, or becoming it, without the right to: stop at once, come back as a standby */
	PGRAFT_DISCARD			/* promoted by hand: stop at once, and clone anew */
} PgraftAction;

typedef struct PgraftDecision
{
	PgraftAction action;
	int32_t node_id; /* FOLLOW, REJOIN: the primary; HAND_OVER: to whom; otherwise the server itself or 0 */
	uint64_t
		term; /* FOLLOW, REJOIN, SERVE: of the promotion record; COMMIT_RECORD: of the promotion; FREEZE: to freeze for */
} PgraftDecision;

extern PgraftDecision pgraft_decide(const PgraftView *view);

/*
 * While a server's data is rewound or cloned its Raft member does not run.  So the primary lets one voter at a time do it, and only while
 * the others that it hears are a majority without it; spares do not vote and are let whenever nobody else is about to stop.  current: who was
 * let; it stays until that one has stopped, or has reported otherwise.  Returns a node id, or 0.
 */
extern int32_t pgraft_grant_rejoin(const PgraftVoter *voters, int n_voters, const PgraftVoter *spares, int n_spares,
								   int32_t self, int32_t current);

/* May this server become a candidate?  Before the first record only node 1; afterwards every voter. */
extern bool pgraft_may_stand(const PgraftState *state, int32_t self);

#endif
