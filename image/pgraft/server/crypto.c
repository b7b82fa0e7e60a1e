/*
 * crypto.c
 *	  See crypto.h.
 */
#include "postgres.h"

#include "common/hmac.h"

#include "server/crypto.h"

static bool
hmac(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);
	bool ok;

	if (context == NULL)
		return false;
	ok = pg_hmac_init(context, key, key_size) >= 0;
	for (int i = 0; i < n && ok; i++)
		ok = pg_hmac_update(context, parts[i], sizes[i]) >= 0;
	ok = ok && pg_hmac_final(context, out, PGRAFT_MAC_SIZE) >= 0;
	pg_hmac_free(context);
	return ok;
}

static bool
random_bytes(uint8_t *out, size_t size)
{
	return pg_strong_random(out, size);
}

const PgraftCrypto pgraft_server_crypto = {.hmac = hmac, .random = random_bytes};
