/*
 * position.h
 *	  Whose data is ahead, and how a server's history relates to the primary's (safety.md R1-R3).
 */
#ifndef PGRAFT_POSITION_H
#define PGRAFT_POSITION_H

#include "core/state_machine.h"
#include "core/types.h"

/*
 * What a report's data is worth, by the log as applied here: a link of which the log has no promotion (made by hand) counts only up
 * to its fork; a link that the WAL does not reach past counts not at all.  false: cannot be told from these links; such a server
 * must be taken for one that is ahead.
 */
extern bool pgraft_report_position(const PgraftReport *report, const PgraftState *state, PgraftPosition *position);

/* Does its data end on a timeline that no committed intent led to?  Nobody may stream that: it is counted, never promoted. */
extern bool pgraft_report_by_hand(const PgraftReport *report, const PgraftState *state);

/* < 0: a is behind b; 0: equal; > 0: a is ahead. */
extern int pgraft_position_compare(PgraftPosition a, PgraftPosition b);

typedef enum PgraftFit
{
	PGRAFT_FIT_FOLLOW = 1, /* its data is the beginning of the primary's: it can stream */
	PGRAFT_FIT_REWIND,	   /* it has WAL that the primary never had */
	PGRAFT_FIT_CLONE	   /* and pg_rewind could not tell: equal timeline numbers of different promotions */
} PgraftFit;

/* How data with this chain, all of its links in use, and this end of WAL fits the history of the primary. */
extern PgraftFit pgraft_history_fit(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn,
									const PgraftPromotion *primary, int n_primary);

/*
 * How many links of chain the WAL reaches past.  The others were written down before WAL was asked for that never came; they have to
 * go, and recovery has to begin anew without them, before the server reports: it would promote from a timeline that it never was on.
 */
extern int pgraft_links_in_use(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn);

#endif
