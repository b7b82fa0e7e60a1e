/*
 * refusals.h
 *	  Whose refused connections the log tells of: each host once an interval, and no more hosts than there is room for.
 *
 * Whoever can make connections must not be able to fill the log with them, from however many addresses.
 */
#ifndef PGRAFT_REFUSALS_H
#define PGRAFT_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#define PGRAFT_REFUSAL_HOSTS	   16
#define PGRAFT_REFUSAL_HOST_SIZE   64
#define PGRAFT_REFUSAL_INTERVAL_MS 10000

typedef struct PgraftRefusedHost
{
	char host[PGRAFT_REFUSAL_HOST_SIZE]; /* "": unused */
	int64_t logged_ms;
	uint64_t unlogged; /* since then */
} PgraftRefusedHost;

/* All zeros at the beginning. */
typedef struct PgraftRefusals
{
	PgraftRefusedHost hosts[PGRAFT_REFUSAL_HOSTS];
	PgraftRefusedHost others; /* of all who found no room, together */
} PgraftRefusals;

/*
 * One more of this host (without its port): is it to be logged?  Then also how many were not since the last line, and whether these are those of
 * this host, or of all for which there is no room.  now_ms > 0.
 */
extern bool pgraft_refusals_note(PgraftRefusals *refusals, const char *host, int64_t now_ms, uint64_t *unlogged,
								 bool *crowd);

#endif
