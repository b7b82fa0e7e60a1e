/*
 * greeting_sides.h
 *	  A client (node 2) and a server (node 1) whose bytes are moved by hand.
 */
#ifndef GREETING_SIDES_H
#define GREETING_SIDES_H

#include "core/greeting.h"
#include "fixtures.h"
#include "hmac_sha256.h"

static const uint8_t key[32] = {1, 2, 3};
static uint64_t seed = 4;
static bool crypto_works = true;

static inline bool
test_hmac(const uint8_t *k, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	hmac_sha256(k, key_size, parts, sizes, n, out);
	return crypto_works;
}

static inline bool
test_random(uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t) next_random(&seed);
	return crypto_works;
}

static const PgraftCrypto crypto = {.hmac = test_hmac, .random = test_random};

static const PgraftIdentity primary = {
	.node_id = 1,
	.postgres_port = 5432,
	.name = "primary",
	.address = "pgraft-primary:7001",
	.incarnation = INCARNATION_A,
};
static const PgraftIdentity replica = {
	.node_id = 2,
	.postgres_port = 5433,
	.name = "replica1",
	.address = "pgraft-replica1:7002",
	.incarnation = INCARNATION_B,
};

static PgraftGreeting client;
static PgraftGreeting server;

static inline void
begin(const uint8_t *client_key, const uint8_t *server_key)
{
	crypto_works = true;
	pgraft_greeting_init(&client, &crypto, client_key, sizeof(key), &replica);
	pgraft_greeting_init(&server, &crypto, server_key, sizeof(key), &primary);
}

static inline void
send_hello(void)
{
	memcpy(server.hello, client.hello, sizeof(client.hello));
}

static inline void
send_challenge(void)
{
	memcpy(client.challenge, server.challenge, sizeof(server.challenge));
}

static inline void
send_proof(void)
{
	memcpy(server.proof, client.proof, sizeof(client.proof));
}

/* All three messages; the first error of either side. */
static inline PgraftGreetingError
greet(void)
{
	PgraftGreetingError error = pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1);

	send_hello();
	if (error == PGRAFT_GREETING_OK)
		error = pgraft_greeting_challenge(&server);
	send_challenge();
	if (error == PGRAFT_GREETING_OK)
		error = pgraft_greeting_answer(&client);
	send_proof();
	if (error == PGRAFT_GREETING_OK)
		error = pgraft_greeting_verify(&server);
	return error;
}

#endif
