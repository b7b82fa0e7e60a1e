/*
 * formation.h
 *	  Whether this server has Raft state, the one-time right to make it, and how it is given up (safety.md R4).
 *
 * All in <data_dir>:
 *	 promised			what was promised with raft/ (promises.h)
 *	 formed				raft/ is whole, and whose it is; without it whatever lies there is the rest of an interrupted formation
 *	 formation.token	handed over by the bootstrap: allows to form once from pgraft.initial_cluster
 *	 formation.consumed this server has formed or joined a group: it never forms one by itself again
 *	 removed			the state is being cleared, because the group has removed this server
 *	 recover			its group cannot be brought back: form one of this server alone, in terms above the one named there
 */
#ifndef PGRAFT_FORMATION_H
#define PGRAFT_FORMATION_H

#include "core/types.h"

typedef struct PgraftFormation
{
	char data_dir[1024];
	char raft_dir[1024];
	char formed_path[1024];
	char token_path[1024];
	char consumed_path[1024];
	char removed_path[1024];
	char recover_path[1024];
	char promised_path[1024];
} PgraftFormation;

/* What `formed` says. */
typedef struct PgraftFormed
{
	int32_t node_id;
	uint64_t joined_at; /* where the log of an existing group added this server; 0: it was there from the first */
	char group_id
		[PGRAFT_GROUP_SIZE]; /* known at once at a start, before anything is applied; "": the group has no name yet */
	bool joining;			 /* it has not applied that yet */
	bool promises;			 /* `promised` is there; it is not beside state that an older pgraft has made */
} PgraftFormed;

typedef enum PgraftFormationState
{
	PGRAFT_FORMATION_NONE = 0,
	PGRAFT_FORMATION_WHOLE,
	PGRAFT_FORMATION_LOST,	  /* it was there, and is not any more; err says so */
	PGRAFT_FORMATION_UNKNOWN, /* cannot be told; err says why */
} PgraftFormationState;

/* false: data_dir is too long. */
extern bool pgraft_formation_init(PgraftFormation *f, const char *data_dir);

extern PgraftFormationState pgraft_formation_read(const PgraftFormation *f, PgraftFormed *formed, char *err,
												  size_t err_size);
extern bool pgraft_formation_has_token(const PgraftFormation *f);

/* An empty raft/ directory to bootstrap into.  0 or an errno, like the next ones. */
extern int pgraft_formation_begin(const PgraftFormation *f);

/* What is in raft/ is on disk: say whose it is. */
extern int pgraft_formation_commit(const PgraftFormation *f, const PgraftFormed *formed);

/* Use the token up; without one (pgraft_init(), an invitation) leave the same mark, so that this server never forms again. */
extern int pgraft_formation_consume(const PgraftFormation *f);
extern bool pgraft_formation_consumed(const PgraftFormation *f);

/* The group has removed this server: from now on its state counts for nothing.  The second clears it, also after a crash amid that. */
extern int pgraft_formation_give_up(const PgraftFormation *f);
extern int pgraft_formation_clear(const PgraftFormation *f);

/* The term in `recover`, 0 if there is no such file.  false, with err filled, if it cannot be read. */
extern bool pgraft_formation_recovery(const PgraftFormation *f, uint64_t *term, char *err, size_t err_size);
extern int pgraft_formation_recovered(const PgraftFormation *f);

#endif
