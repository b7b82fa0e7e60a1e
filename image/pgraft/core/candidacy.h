/*
 * candidacy.h
 *	  How long a server that stands for election waits before it stands again: no sockets, no clock.
 *
 * Two that miss a silent leader in the same moment grant each other the pre-vote before either has voted; then each votes for itself, and
 * nobody is elected.  They need not wait as long again as for a leader that may only be slow: a part of the election timeout, drawn at random
 * as ever, tells them apart.  But votes take fsyncs: on a disk that needs longer than that part, the term would be raised again and again
 * before any vote is there.  So a candidate waits whole timeouts when the short ones have not helped for as long as one.
 */
#ifndef PGRAFT_CANDIDACY_H
#define PGRAFT_CANDIDACY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct PgraftCandidacy
{
	int64_t since_ms; /* it stands, in one term after the other; 0: it does not */
} PgraftCandidacy;

/* standing: it asks for votes, not for pre-votes. */
extern void pgraft_candidacy_turn(PgraftCandidacy *candidacy, bool standing, int64_t now_ms);

/* The election timeout to wait with, of which libraft draws one to two. */
extern unsigned pgraft_candidacy_timeout(const PgraftCandidacy *candidacy, unsigned election_timeout_ms,
										 int64_t now_ms);

#endif
