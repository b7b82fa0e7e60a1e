/*
 * rejoin.h
 *	  The file of core/rejoin_file.h, in pgraft.data_dir.
 */
#ifndef PGRAFT_REJOIN_H
#define PGRAFT_REJOIN_H

#include "core/rejoin_file.h"

/* false: there is none.  ERROR if it cannot be read or understood. */
extern bool pgraft_rejoin_load(PgraftRejoin *rejoin);

/* Durable when they return; ERROR if they cannot be. */
extern void pgraft_rejoin_save(const PgraftRejoin *rejoin);
extern void pgraft_rejoin_remove(void);

#endif
