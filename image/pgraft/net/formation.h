/*
 * formation.h
 *	  Whether this server has Raft state, and the one-time right to make it (safety.md R4).
 *
 * <data_dir>/formed says that <data_dir>/raft is whole, and whose it is.  Without it whatever lies in raft/ is the rest of an interrupted
 * formation.  <data_dir>/formation.token, handed over by the bootstrap, allows to form once from pgraft.initial_cluster.
 */
#ifndef PGRAFT_FORMATION_H
#define PGRAFT_FORMATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PgraftFormation
{
	char raft_dir[1024];
	char formed_path[1024];
	char token_path[1024];
	char consumed_path[1024];
} PgraftFormation;

/* false: data_dir is too long. */
extern bool pgraft_formation_init(PgraftFormation *f, const char *data_dir);

/* Node id that the Raft state belongs to; 0 if there is none; -1, with err filled, if that cannot be told. */
extern int32_t pgraft_formation_owner(const PgraftFormation *f, char *err, size_t err_size);
extern bool pgraft_formation_has_token(const PgraftFormation *f);

/* An empty raft/ directory to bootstrap into.  0 or an errno, like the next two. */
extern int pgraft_formation_begin(const PgraftFormation *f, const char *data_dir);

/* The bootstrap is on disk: say whose it is. */
extern int pgraft_formation_commit(const PgraftFormation *f, int32_t node_id);

/* Use the token up; without one (pgraft_init()) leave the same mark, so that this server never forms again. */
extern int pgraft_formation_consume(const PgraftFormation *f);
extern bool pgraft_formation_consumed(const PgraftFormation *f);

#endif
