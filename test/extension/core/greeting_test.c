/*
 * greeting_test.c
 *	  Two sides of a greeting, and what either says of one that cannot be.
 */
#include "core/greeting.h"

#include "check.h"
#include "fixtures.h"
#include "greeting_sides.h"

TEST(the_test_hmac_gives_the_value_of_rfc_4231)
{
	static const uint8_t expected[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
									   0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
									   0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	const uint8_t *parts[] = {(const uint8_t *) "what do ya want ", (const uint8_t *) "for nothing?"};
	const size_t sizes[] = {16, 12};
	uint8_t mac[32];

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

TEST(the_server_learns_what_the_stream_is_for_and_the_proof_is_for_that_only)
{
	begin(key, key);
	CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_PEER, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
	CHECK_INT(server.kind, PGRAFT_STREAM_PEER);
	send_challenge();
	CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_OK);
	send_proof();
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_OK);
	server.hello[6] = PGRAFT_STREAM_RAFT;
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
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
	CHECK_INT(pgraft_greeting_hello(&client, (PgraftStreamKind) 3, 1), PGRAFT_GREETING_OK);
	send_hello();
	CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_MALFORMED);
}

TEST(a_hello_with_an_impossible_name_or_address_or_with_something_behind_it_is_malformed)
{
	const size_t name = 16 + PGRAFT_NONCE_SIZE + 2 + 2;
	const size_t address = name + strlen(replica.name) + 2 + strlen(replica.incarnation) + 2;
	const size_t bad_bytes[] = {name, address, PGRAFT_HELLO_SIZE - 1};

	begin(key, key);
	for (size_t i = 0; i < sizeof(bad_bytes) / sizeof(bad_bytes[0]); i++)
	{
		CHECK_INT(pgraft_greeting_hello(&client, PGRAFT_STREAM_RAFT, 1), PGRAFT_GREETING_OK);
		send_hello();
		CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_OK);
		server.hello[bad_bytes[i]] = ' ';
		CHECK_INT(pgraft_greeting_challenge(&server), PGRAFT_GREETING_MALFORMED);
	}
}

TEST(a_key_of_64_bytes_is_the_longest)
{
	static const uint8_t longest[64] = {1};

	pgraft_greeting_init(&client, &crypto, longest, sizeof(longest), &replica);
	pgraft_greeting_init(&server, &crypto, longest, sizeof(longest), &primary);
	CHECK_INT(greet(), PGRAFT_GREETING_OK);
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

TEST(a_server_with_an_impossible_identity_sends_no_challenge)
{
	begin(key, key);
	strcpy(server.self.name, "two words");
	CHECK_INT(greet(), PGRAFT_GREETING_MALFORMED);
}

/* Somebody has the key and is no server of ours: a later version's mistake, say. */
TEST(a_challenge_with_a_good_mac_and_bad_contents_is_malformed)
{
	const uint8_t *parts[] = {(const uint8_t *) "server", client.hello, client.challenge};
	const size_t sizes[] = {6, sizeof(client.hello), sizeof(client.challenge) - PGRAFT_MAC_SIZE};
	static const size_t bad_bytes[] = {6, 8 + 3, 50, PGRAFT_CHALLENGE_SIZE - PGRAFT_MAC_SIZE - 1};

	for (size_t i = 0; i < sizeof(bad_bytes) / sizeof(bad_bytes[0]); i++)
	{
		begin(key, key);
		CHECK_INT(greet(), PGRAFT_GREETING_OK);
		client.challenge[bad_bytes[i]] ^= 0x80;
		hmac_sha256(key, sizeof(key), parts, sizes, 3, client.challenge + PGRAFT_CHALLENGE_SIZE - PGRAFT_MAC_SIZE);
		CHECK_INT(pgraft_greeting_answer(&client), PGRAFT_GREETING_MALFORMED);
	}
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
	uint8_t long_key[65] = {1};

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

TEST(every_error_has_its_own_text)
{
	for (int a = PGRAFT_GREETING_OK; a <= PGRAFT_GREETING_INTERNAL; a++)
		for (int b = PGRAFT_GREETING_OK; b < a; b++)
			CHECK(strcmp(pgraft_greeting_error_text((PgraftGreetingError) a),
						 pgraft_greeting_error_text((PgraftGreetingError) b)) != 0);
}
