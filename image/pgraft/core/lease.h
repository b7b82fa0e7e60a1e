/*
 * lease.h
 *	  Until when a leader may take itself for the leader without asking again (safety.md R15).
 *
 * A voter that has answered a beat has heard the leader when the beat was sent or later.  So the lease counts from the *sending* of the newest
 * beat that a majority has answered: what happened to the beat, the answer or the leader afterwards can only shorten it.
 */
#ifndef PGRAFT_LEASE_H
#define PGRAFT_LEASE_H

#include <stdint.h>

/*
 * answered_ms: for each of the n voters, up to PGRAFT_MAX_NODES, when the newest beat that it has answered was sent, 0: none; for the leader
 * itself the time now.  0: no majority has answered, so there is no lease.
 */
extern int64_t pgraft_lease_until(const int64_t *answered_ms, int n, int64_t timeout_ms);

#endif
