/*
 * weak_mac.h
 *	  The greeting's cryptography, without its strength: every byte and every boundary between parts counts, since what the MAC covers is looked
 *	  at, not whether it can be forged.  Nonces are always the same, so that a run can be repeated.
 */
#ifndef PGRAFT_FUZZ_WEAK_MAC_H
#define PGRAFT_FUZZ_WEAK_MAC_H

#include "core/greeting.h"
#include "fuzz/fuzz.h"

static inline bool
weak_mac(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < key_size; i++)
		hash = (hash ^ key[i]) * 0x100000001b3;
	for (int part = 0; part < n; part++)
	{
		for (size_t i = 0; i < sizes[part]; i++)
			hash = (hash ^ parts[part][i]) * 0x100000001b3;
		hash = (hash ^ sizes[part]) * 0x100000001b3;
	}
	for (size_t i = 0; i < PGRAFT_MAC_SIZE; i++)
		out[i] = (uint8_t) (hash >> (8 * (i % 8)));
	return true;
}

static inline bool
same_nonce(uint8_t *out, size_t size)
{
	memset(out, 0x5a, size);
	return true;
}

static const PgraftCrypto weak_crypto = {.hmac = weak_mac, .random = same_nonce};
static const uint8_t fuzz_key[16] = "0123456789abcde";
static const PgraftIdentity fuzz_self = {
	.node_id = 1,
	.postgres_port = 5432,
	.name = "primary",
	.address = "pgraft-primary:7001",
	.incarnation = "00112233445566778899aabbccddeeff",
};

/* The proof of a client that has the key, for what was said on both sides. */
static inline void
weak_proof(const uint8_t *hello, const uint8_t *challenge, uint8_t *proof)
{
	const uint8_t *parts[3] = {(const uint8_t *) "client", hello, challenge};
	const size_t sizes[3] = {6, PGRAFT_HELLO_SIZE, PGRAFT_CHALLENGE_SIZE};

	weak_mac(fuzz_key, sizeof fuzz_key, parts, sizes, 3, proof);
}

#endif
