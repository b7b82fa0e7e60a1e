/*
 * identity.h
 *	  Who this server is: name, addresses, incarnation of its data, and the keys it shares with the others.
 */
#ifndef PGRAFT_IDENTITY_H
#define PGRAFT_IDENTITY_H

#include "core/greeting.h"

/* The incarnation stays "" when the data directory has no incarnation file. */
extern void pgraft_own_identity(PgraftIdentity *identity);

/* false with a reason, which quotes no key: no file, not hex, less than 16 bytes, more than two. */
extern bool pgraft_read_keys(PgraftKeys *keys, char *why, size_t why_size);

#endif
