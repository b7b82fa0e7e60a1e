/*
 * greeting.c
 *	  Both sides of the greeting.  What a stranger sends never gets through; what somebody with the key sends does only if it is sound.
 *
 * Input: a byte of flags, then what the other side sends.
 */
#include "fuzz/fuzz.h"

#include "core/bytes.h"
#include "core/cluster_spec.h"
#include "core/greeting.h"
#include "fuzz/support/weak_mac.h"

#define FLAG_CLIENT 1 /* we dialled: the bytes are a CHALLENGE, otherwise HELLO and PROOF */
#define FLAG_KEY	2 /* the other side knows the key */

#define CHALLENGE_BODY (PGRAFT_CHALLENGE_SIZE - PGRAFT_MAC_SIZE)

static void
peer_is_sound(const PgraftIdentity *peer)
{
	HOLDS(peer->node_id > 0 && peer->node_id != fuzz_self.node_id);
	HOLDS(pgraft_name_valid(peer->name));
	HOLDS(peer->incarnation[0] == '\0' || pgraft_incarnation_valid(peer->incarnation));
}

/* The weak MAC could be guessed. */
static void
make_wrong(const PgraftGreeting *server, uint8_t *proof)
{
	uint8_t right[PGRAFT_PROOF_SIZE];

	weak_proof(server->hello, server->challenge, right);
	if (memcmp(proof, right, sizeof right) == 0)
		proof[0] ^= 1;
}

/* What was accepted says the same again: no byte of it had no meaning. */
static void
hello_is_whole(const PgraftGreeting *server)
{
	PgraftGreeting again;

	pgraft_greeting_init(&again, &weak_crypto, fuzz_key, sizeof fuzz_key, &server->peer);
	HOLDS(pgraft_greeting_hello(&again, server->kind, fuzz_self.node_id) == PGRAFT_GREETING_OK);
	memcpy(again.hello + 16, server->hello + 16, PGRAFT_NONCE_SIZE);
	HOLDS(memcmp(again.hello, server->hello, sizeof again.hello) == 0);
}

static void
serve(FuzzInput in, bool has_key)
{
	static const uint8_t wrong_key[16] = "another key: 16";
	PgraftGreeting server;
	PgraftGreeting client;

	pgraft_greeting_init(&server, &weak_crypto, fuzz_key, sizeof fuzz_key, &fuzz_self);
	in = take_part(&in, sizeof server.hello + sizeof server.proof);
	if (in.size > 0)
		memcpy(server.hello, in.data, in.size < sizeof server.hello ? in.size : sizeof server.hello);
	if (pgraft_greeting_challenge(&server) != PGRAFT_GREETING_OK)
		return;
	peer_is_sound(&server.peer);
	hello_is_whole(&server);

	/* The client's side of the same connection, with our key or another one. */
	pgraft_greeting_init(&client, &weak_crypto, has_key ? fuzz_key : wrong_key, sizeof fuzz_key, &server.peer);
	client.expected_peer = fuzz_self.node_id;
	memcpy(client.hello, server.hello, sizeof client.hello);
	memcpy(client.challenge, server.challenge, sizeof client.challenge);
	HOLDS((pgraft_greeting_answer(&client) == PGRAFT_GREETING_OK) == has_key);
	if (has_key)
		memcpy(server.proof, client.proof, sizeof server.proof);
	else if (in.size > sizeof server.hello)
	{
		memcpy(server.proof, in.data + sizeof server.hello, in.size - sizeof server.hello);
		make_wrong(&server, server.proof);
	}
	HOLDS((pgraft_greeting_verify(&server) == PGRAFT_GREETING_OK) == has_key);
}

/* The server's MAC over what it says, as transmitted: right if it has the key, and never right if it has not. */
static void
sign(PgraftGreeting *client, bool has_key)
{
	const uint8_t *parts[3] = {(const uint8_t *) "server", client->hello, client->challenge};
	const size_t sizes[3] = {6, sizeof client->hello, CHALLENGE_BODY};
	uint8_t *mac = client->challenge + CHALLENGE_BODY;
	uint8_t right[PGRAFT_MAC_SIZE];

	weak_mac(fuzz_key, sizeof fuzz_key, parts, sizes, 3, right);
	if (has_key)
		memcpy(mac, right, sizeof right);
	else if (memcmp(mac, right, sizeof right) == 0)
		mac[0] ^= 1;
}

static void
dial(FuzzInput in, bool has_key)
{
	PgraftGreeting client;

	pgraft_greeting_init(&client, &weak_crypto, fuzz_key, sizeof fuzz_key, &fuzz_self);
	HOLDS(pgraft_greeting_hello(&client, PGRAFT_STREAM_PEER, 2) == PGRAFT_GREETING_OK);
	in = take_part(&in, sizeof client.challenge);
	if (in.size > 0)
		memcpy(client.challenge, in.data, in.size);
	sign(&client, has_key);
	if (pgraft_greeting_answer(&client) != PGRAFT_GREETING_OK)
		return;
	HOLDS(has_key);
	peer_is_sound(&client.peer);
	HOLDS(client.peer.node_id == 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	uint8_t flags = take_u8(&in);

	if ((flags & FLAG_CLIENT) != 0)
		dial(in, (flags & FLAG_KEY) != 0);
	else
		serve(in, (flags & FLAG_KEY) != 0);
	return 0;
}
