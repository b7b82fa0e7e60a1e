/*
 * request_checks.h
 *	  Which requests are refused before anything is changed, and with what words.
 */
#ifndef PGRAFT_REQUEST_CHECKS_H
#define PGRAFT_REQUEST_CHECKS_H

#include "core/membership.h"

/* A standby that is to take over may lack so much WAL at most: it is waited for while no commit is accepted. */
#define PGRAFT_MOST_TRANSFER_LAG (16 * 1024 * 1024)

/* What is right on every server, whoever leads: kind, keys, values, ids and addresses in range.  false with the outcome. */
extern bool pgraft_request_valid(const PgraftRequest *request, PgraftOutcome *outcome);

/* Can the leader begin with it, as things are?  Not whether another change is under way.  false with the outcome. */
extern bool pgraft_request_possible(const PgraftMembershipView *view, const PgraftRequest *request,
									PgraftOutcome *outcome);

/* The voter who would take over best; 0: none can. */
extern int32_t pgraft_best_successor(const PgraftMembershipView *view);

/* An outcome without index; the texts are cut to what fits. */
extern PgraftOutcome pgraft_outcome(PgraftOutcomeCode code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
