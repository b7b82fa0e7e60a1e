/*
 * crypto.h
 *	  HMAC-SHA-256 and random bytes from PostgreSQL, for the greeting.
 */
#ifndef PGRAFT_SERVER_CRYPTO_H
#define PGRAFT_SERVER_CRYPTO_H

#include "core/greeting.h"

/* Needs a CurrentResourceOwner. */
extern const PgraftCrypto pgraft_server_crypto;

#endif
