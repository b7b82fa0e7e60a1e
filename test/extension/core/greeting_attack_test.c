/*
 * greeting_attack_test.c
 *	  Everything an outsider could do to a greeting: other keys, changed bytes, recordings, noise.
 */
#include "core/greeting.h"

#include "check.h"
#include "fixtures.h"
#include "greeting_sides.h"

static const uint8_t other_key[32] = {1, 2, 4};

TEST(a_client_gives_no_proof_to_a_server_with_another_key)
{
	static const uint8_t nothing[PGRAFT_PROOF_SIZE];

	begin(key, other_key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	send_challenge();
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_UNAUTHENTICATED);
	CHECK_BYTES(client.proof, nothing, sizeof(nothing));
}

TEST(a_server_refuses_the_proof_of_a_client_with_another_key)
{
	const uint8_t *parts[] = {(const uint8_t *) "client", client.hello, client.challenge};
	const size_t sizes[] = {6, sizeof(client.hello), sizeof(client.challenge)};

	begin(key, key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	send_challenge();
	hmac_sha256(other_key, sizeof(other_key), parts, sizes, 3, server.proof);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
	hmac_sha256(key, sizeof(key), parts, sizes, 3, server.proof);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_OK);
}

TEST(the_servers_own_mac_played_back_is_no_proof)
{
	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	memcpy(server.proof, server.challenge + PGRAFT_CHALLENGE_SIZE - PGRAFT_MAC_SIZE, PGRAFT_MAC_SIZE);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(a_bit_flipped_anywhere_in_the_hello_is_refused)
{
	for (size_t i = 0; i < PGRAFT_HELLO_SIZE * 8; i++)
	{
		PgraftGreetingError by_server;

		begin(key, key);
		CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
		send_hello();
		server.hello[i / 8] ^= (uint8_t) (1 << (i % 8));
		by_server = pgraft_greeting_challenge(&server);
		if (by_server != PGRAFT_GREETING_OK)
			continue;
		send_challenge();
		if (pgraft_greeting_answer(&client) != PGRAFT_GREETING_UNAUTHENTICATED)
			CHECK_FAIL("the client gives a proof with bit %zu flipped", i);
	}
}

TEST(a_server_refuses_the_proof_for_a_hello_that_was_changed_on_its_way)
{
	const uint8_t *parts[] = {(const uint8_t *) "client", client.hello, client.challenge};
	const size_t sizes[] = {6, sizeof(client.hello), sizeof(client.challenge)};

	begin(key, key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	send_hello();
	server.hello[16] ^= 1; /* the nonce: nothing but the MAC can notice */
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	send_challenge();

	/* a client that does not look at the server's MAC still proves its own hello only */
	hmac_sha256(key, sizeof(key), parts, sizes, 3, server.proof);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(a_bit_flipped_anywhere_in_the_challenge_is_refused)
{
	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	for (size_t i = 0; i < PGRAFT_CHALLENGE_SIZE * 8; i++)
	{
		client.challenge[i / 8] ^= (uint8_t) (1 << (i % 8));
		if (pgraft_greeting_answer(&client) == PGRAFT_GREETING_OK)
			CHECK_FAIL("taken with bit %zu flipped", i);
		client.challenge[i / 8] ^= (uint8_t) (1 << (i % 8));
	}
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_OK);
}

TEST(a_bit_flipped_anywhere_in_the_proof_is_refused)
{
	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	for (size_t i = 0; i < PGRAFT_PROOF_SIZE * 8; i++)
	{
		server.proof[i / 8] ^= (uint8_t) (1 << (i % 8));
		CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
		server.proof[i / 8] ^= (uint8_t) (1 << (i % 8));
	}
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_OK);
}

TEST(a_recorded_hello_and_proof_are_refused_the_second_time)
{
	PgraftGreeting recorded;

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	recorded = client;
	pgraft_greeting_init(&server, &crypto, key, sizeof(key), &primary);
	memcpy(server.hello, recorded.hello, sizeof(recorded.hello));
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	memcpy(server.proof, recorded.proof, sizeof(recorded.proof));
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(a_recorded_challenge_is_refused_the_second_time)
{
	uint8_t recorded[PGRAFT_CHALLENGE_SIZE];

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	memcpy(recorded, server.challenge, sizeof(recorded));
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	memcpy(client.challenge, recorded, sizeof(recorded));
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(every_greeting_has_its_own_nonces)
{
	uint8_t hello[PGRAFT_HELLO_SIZE];
	uint8_t challenge[PGRAFT_CHALLENGE_SIZE];

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	memcpy(hello, client.hello, sizeof(hello));
	memcpy(challenge, server.challenge, sizeof(challenge));
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	CHECK(memcmp(hello + 16, client.hello + 16, PGRAFT_NONCE_SIZE) != 0);
	CHECK(memcmp(challenge + 16, server.challenge + 16, PGRAFT_NONCE_SIZE) != 0);
}

TEST(twenty_thousand_random_hellos_lead_to_no_proof)
{
	for (int i = 0; i < 20000; i++)
	{
		uint64_t kept = next_random(&seed) % 64; /* the rest stays a valid message */

		if (i % 1000 == 0)
		{
			begin(key, key);
			CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
		}
		send_hello();
		for (uint64_t j = kept; j < kept + 8; j++)
			server.hello[j % 128] = (uint8_t) next_random(&seed);
		if (pgraft_greeting_challenge(&server) == PGRAFT_GREETING_OK)
		{
			send_challenge();
			CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_UNAUTHENTICATED);
		}
	}
}
