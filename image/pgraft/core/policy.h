/*
 * policy.h
 *	  Who may stand, who promotes, whom to follow: decisions as pure functions of what is known.
 *
 * So far (issue 3) only the server of the last promotion record promotes, and before the first record only node 1.
 * Failover to another server is decided here later; nothing outside this file may decide it.
 */
#ifndef PGRAFT_POLICY_H
#define PGRAFT_POLICY_H

#include "core/state_machine.h"
#include "core/types.h"

/* What a server knows when it decides. */
typedef struct PgraftView
{
	int32_t self;		  /* node id */
	bool leader;		  /* Raft leader in current_term */
	bool barrier_applied; /* and its barrier entry of that term is applied */
	uint64_t current_term;
	bool in_recovery;
	uint64_t promoting_term;  /* this run of the server was asked to promote for this term, 0 if not */
	const PgraftState *state; /* the applied state */
} PgraftView;

typedef enum PgraftAction
{
	PGRAFT_WAIT = 0,		/* nothing to do: stream from nobody, accept no commit */
	PGRAFT_FOLLOW,			/* stream from node */
	PGRAFT_HAND_OVER,		/* leader, but node must lead: transfer to it */
	PGRAFT_COMMIT_INTENT,	/* propose the intent of this promotion */
	PGRAFT_PROMOTE,			/* the intent of current_term is committed: promote */
	PGRAFT_AWAIT_PROMOTION, /* asked to promote, still in recovery */
	PGRAFT_COMMIT_RECORD,	/* promoted: propose the record */
	PGRAFT_SERVE			/* the primary, record committed: set the synchronous names, accept commits when in force */
} PgraftAction;

typedef struct PgraftDecision
{
	PgraftAction action;
	int32_t node_id; /* FOLLOW: from whom; HAND_OVER: to whom */
	uint64_t term;	 /* FOLLOW, SERVE: of the promotion record; COMMIT_RECORD: of the promotion */
} PgraftDecision;

extern PgraftDecision pgraft_decide(const PgraftView *view);

/* May this server become a candidate?  Before the first record only node 1; afterwards every voter. */
extern bool pgraft_may_stand(const PgraftState *state, int32_t self);

/*
 * Is chain (a server's links, oldest first) the beginning of primary's?  Compared link by link from the first term that both
 * know (older ones may have been dropped): timeline, term, parent and fork must agree; an unknown fork (0) agrees with any.
 */
extern bool pgraft_chain_is_prefix(const PgraftPromotion *chain, int n_chain, const PgraftPromotion *primary,
								   int n_primary);

/*
 * How far a server may have written on its last timeline to be behind the primary and not beside it: its end of WAL must not
 * be past the fork of the primary's next link.  chain must be a prefix of primary.
 */
extern bool pgraft_chain_is_behind(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn,
								   const PgraftPromotion *primary, int n_primary);

/* floor(n/2) for n voters: how many standbys must confirm a commit. */
extern int pgraft_sync_count(int n_voters);

/*
 * The value of synchronous_standby_names on node self for these voters (safety.md R10, R11): 'ANY k ("name_incarnation", ...)'
 * over all other voters, "" only if the voters are {self}.  A voter whose member entry or incarnation is unknown is listed as
 * "<id>_unknown", which no connection satisfies.  Returns the length, 0 < length < size, or -1 if it does not fit; for {self} 0.
 */
extern int pgraft_format_sync_names(const PgraftState *state, int32_t self, const int32_t *voters, int n_voters,
									char *buf, size_t size);

/*
 * application_name of a member's WAL receiver: its name, '_' and the first 8 digits of its incarnation.  A name of more than 54
 * characters is cut, since PostgreSQL cuts application_name to 63 bytes, but not the list that it is looked up in.
 */
extern void pgraft_application_name(const PgraftMember *member, char *buf, size_t size);

#endif
