/*
 * candidacy.c
 *	  See candidacy.h.
 */
#include "core/candidacy.h"

#define PARTS 4

void
pgraft_candidacy_turn(PgraftCandidacy *candidacy, bool standing, int64_t now_ms)
{
	if (!standing)
		candidacy->since_ms = 0;
	else if (candidacy->since_ms == 0)
		candidacy->since_ms = now_ms;
}

unsigned
pgraft_candidacy_timeout(const PgraftCandidacy *candidacy, unsigned election_timeout_ms, int64_t now_ms)
{
	if (candidacy->since_ms == 0 || now_ms - candidacy->since_ms >= (int64_t) election_timeout_ms)
		return election_timeout_ms;
	return election_timeout_ms / PARTS;
}
