/*
 * identity.h
 *	  Who this server is: name, addresses, incarnation of its data, and the key it shares with the others.
 */
#ifndef PGRAFT_IDENTITY_H
#define PGRAFT_IDENTITY_H

#include "core/greeting.h"

/* The incarnation stays "" when the data directory has no incarnation file. */
extern void pgraft_own_identity(PgraftIdentity *identity);

/* Size of the key in bytes, or 0 with a reason: no file, not hex, less than 16 bytes. */
extern size_t pgraft_read_key(uint8_t *key, size_t size, char *why, size_t why_size);

#endif
