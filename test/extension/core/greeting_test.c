/*
 * greeting_test.c
 *	  Two sides of a greeting, their bytes moved by hand, and everything an outsider could do to them.
 */
#include "core/greeting.h"

#include "check.h"
#include "fixtures.h"
#include "hmac_sha256.h"

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t other_key[32] = {1, 2, 4};
static uint64_t seed = 4;
static bool crypto_works = true;

static bool
test_hmac(const uint8_t *k, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	hmac_sha256(k, key_size, parts, sizes, n, out);
	return crypto_works;
}

static bool
test_random(uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t) next_random(&seed);
	return crypto_works;
}

static const PgraftCrypto crypto = {.hmac = test_hmac, .random = test_random};

static const PgraftIdentity primary = {
	.node_id = 1, .postgres_port = 5432, .name = "primary", .address = "pgraft-primary:7001", .incarnation = INCARNATION_A
};
static const PgraftIdentity replica = {
	.node_id = 2, .postgres_port = 5433, .name = "replica1", .address = "pgraft-replica1:7002", .incarnation = INCARNATION_B
};

/* The client is node 2, the server node 1. */
static PgraftGreeting client;
static PgraftGreeting server;

static void
begin(const uint8_t *client_key, const uint8_t *server_key)
{
	crypto_works = true;
	pgraft_greeting_init(&client, &crypto, client_key, sizeof(key), &replica);
	pgraft_greeting_init(&server, &crypto, server_key, sizeof(key), &primary);
}

static void
send_hello(void)
{
	memcpy(server.hello, client.hello, sizeof(client.hello));
}

static void
send_challenge(void)
{
	memcpy(client.challenge, server.challenge, sizeof(server.challenge));
}

static void
send_proof(void)
{
	memcpy(server.proof, client.proof, sizeof(client.proof));
}

/* All three messages; the first error of either side. */
static PgraftGreetingError
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

TEST(the_test_hmac_gives_the_value_of_rfc_4231)
{
	static const uint8_t expected[] = {
		0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
		0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43
	};
	const uint8_t *parts[] = {(const uint8_t *) "what do ya want ", (const uint8_t *) "for nothing?"};
	const size_t sizes[] = {16, 12};
	uint8_t		mac[32];

	hmac_sha256((const uint8_t *) "Jefe", 4, parts, sizes, 2, mac);
	CHECK_BYTES(mac, expected, sizeof(mac));
}

TEST(two_servers_with_the_same_key_learn_who_the_other_is)
{
	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	CHECK_INT(server.kind, PGRAFT_STREAM_RAFT);
	CHECK_INT(server.peer.node_id, 2);
	CHECK_INT(server.peer.postgres_port, 5433);
	CHECK_TEXT(server.peer.name, "replica1");
	CHECK_TEXT(server.peer.address, "pgraft-replica1:7002");
	CHECK_TEXT(server.peer.incarnation, INCARNATION_B);
	CHECK_INT(client.peer.node_id, 1);
	CHECK_INT(client.peer.postgres_port, 5432);
	CHECK_TEXT(client.peer.name, "primary");
	CHECK_TEXT(client.peer.address, "");
	CHECK_TEXT(client.peer.incarnation, INCARNATION_A);
}

TEST(the_longest_identity_fits_both_messages)
{
	PgraftIdentity longest = {.node_id = INT32_MAX, .postgres_port = UINT16_MAX, .incarnation = INCARNATION_A};

	memset(longest.name, 'n', sizeof(longest.name) - 1);
	memset(longest.address, 'h', 253);
	strcpy(longest.address + 253, ":65535");
	begin(key, key);
	client.self = longest;
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	CHECK_BYTES(&server.peer, &longest, sizeof(longest));
	begin(key, key);
	server.self = longest;
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, INT32_MAX), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	send_challenge();
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_OK);
	CHECK_TEXT(client.peer.name, longest.name);
}

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
	server.hello[16] ^= 1;		/* the nonce: nothing but the MAC can notice */
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
	uint8_t		recorded[PGRAFT_CHALLENGE_SIZE];

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	memcpy(recorded, server.challenge, sizeof(recorded));
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	memcpy(client.challenge, recorded, sizeof(recorded));
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(every_greeting_has_its_own_nonces)
{
	uint8_t		hello[PGRAFT_HELLO_SIZE];
	uint8_t		challenge[PGRAFT_CHALLENGE_SIZE];

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	memcpy(hello, client.hello, sizeof(hello));
	memcpy(challenge, server.challenge, sizeof(challenge));
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	CHECK(memcmp(hello + 16, client.hello + 16, PGRAFT_NONCE_SIZE) != 0);
	CHECK(memcmp(challenge + 16, server.challenge + 16, PGRAFT_NONCE_SIZE) != 0);
}

TEST(a_hello_for_another_node_or_from_the_servers_own_id_is_refused)
{
	begin(key, key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 3), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_WRONG_NODE);
	begin(key, key);
	client.self.node_id = 1;
	CHECK_INT(greet(), PGRAFT_GREETING_WRONG_NODE);
}

TEST(a_client_refuses_a_server_that_is_not_the_one_it_dialled)
{
	begin(key, key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	send_challenge();
	client.expected_peer = 3;
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_WRONG_NODE);
}

TEST(another_protocol_version_is_named_as_such_on_both_sides)
{
	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	server.hello[4] = PGRAFT_PROTOCOL_VERSION + 1;
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_VERSION);
	client.challenge[4] = PGRAFT_PROTOCOL_VERSION + 1;
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_VERSION);
}

TEST(something_else_than_a_greeting_is_malformed)
{
	begin(key, key);
	memset(server.hello, 0, sizeof(server.hello));
	memcpy(server.hello, "GET / HTTP/1.1\r\n", 16);
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_MALFORMED);
	CHECK_INT(pgraft_greeting_hello(&client, (PgraftStreamKind) 2, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_MALFORMED);
}

TEST(an_impossible_identity_is_refused_before_it_is_sent)
{
	begin(key, key);
	client.self.node_id = 0;
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_MALFORMED);
	begin(key, key);
	strcpy(client.self.name, "two words");
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_MALFORMED);
	begin(key, key);
	strcpy(client.self.address, "no-port");
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_MALFORMED);
	begin(key, key);
	strcpy(client.self.incarnation, "short");
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_MALFORMED);
}

TEST(a_server_that_does_not_know_its_incarnation_yet_may_greet)
{
	begin(key, key);
	memset(client.self.incarnation, 0, sizeof(client.self.incarnation));
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	CHECK_TEXT(server.peer.incarnation, "");
}

TEST(without_a_key_or_with_crypto_that_fails_nothing_is_sent_or_believed)
{
	uint8_t		long_key[65] = {1};

	begin(key, key);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
	crypto_works = false;
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_INTERNAL);
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_INTERNAL);
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_INTERNAL);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_INTERNAL);
	crypto_works = true;
	pgraft_greeting_init(&client, &crypto, NULL, 0, &replica);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_INTERNAL);
	pgraft_greeting_init(&client, &crypto, long_key, sizeof(long_key), &replica);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_INTERNAL);
	pgraft_greeting_init(&server, &crypto, NULL, 0, &primary);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_INTERNAL);
}

TEST(a_hundred_thousand_random_hellos_and_challenges_are_refused)
{
	for (int i = 0; i < 100000; i++)
	{
		uint64_t	kept = next_random(&seed) % 64;	/* the rest stays a valid message */

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

TEST(every_error_has_its_own_text)
{
	for (int a = PGRAFT_GREETING_OK; a <= PGRAFT_GREETING_INTERNAL; a++)
		for (int b = PGRAFT_GREETING_OK; b < a; b++)
			CHECK(strcmp(pgraft_greeting_error_text((PgraftGreetingError) a),
						 pgraft_greeting_error_text((PgraftGreetingError) b)) != 0);
}
