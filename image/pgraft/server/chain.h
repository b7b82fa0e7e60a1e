/*
 * chain.h
 *	  This server's own chain: the promotions in the history of its data (safety.md R1), in <data directory>/pgraft.chain.
 */
#ifndef PGRAFT_CHAIN_H
#define PGRAFT_CHAIN_H

#include "core/types.h"

typedef struct PgraftChain
{
	int n;
	PgraftPromotion links[PGRAFT_MAX_PROMOTIONS]; /* oldest first */
} PgraftChain;

/* ERROR if the file is there and cannot be read as a chain; no file is an empty chain. */
extern void pgraft_chain_load(PgraftChain *chain);

/* Durable when it returns; ERROR if it cannot be. */
extern void pgraft_chain_save(const PgraftChain *chain);

/* The newest links, as many as a report carries. */
extern void pgraft_chain_report(const PgraftChain *chain, PgraftReport *report);

/* Adds a link at the end; the oldest goes when there are too many. */
extern void pgraft_chain_append(PgraftChain *chain, const PgraftPromotion *link);

/*
 * Drops the links of promotions that never happened (their timeline is not in the history of current), and takes parents and exact
 * forks from PostgreSQL's own history.
 */
extern void pgraft_chain_settle(PgraftChain *chain, uint32_t current_timeline);

/*
 * The newest timeline that this data has a history of.  Replay may still be on an older one: after a crash it starts on the checkpoint's.
 * Only in recovery, once replay has begun.
 */
extern uint32_t pgraft_newest_timeline(void);

#endif
