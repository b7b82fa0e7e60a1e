/*
 * greeting.c
 *	  The bytes and the checks of the authenticated greeting.
 *
 * HELLO		u32 magic, u16 version, u16 kind, i32 from, i32 to, nonce, identity, address, zeros
 * CHALLENGE	u32 magic, u16 version, u16 0,	  i32 from, i32 to, nonce, identity, zeros, MAC (the last bytes)
 * PROOF		MAC
 * where identity is u16 postgres_port, string name, string incarnation.
 *
 * Both MACs cover the whole HELLO and the whole CHALLENGE, hence both nonces, both ids and the kind; the labels keep
 * one side's MAC from being played back as the other's.
 */
#include "core/greeting.h"

#include <string.h>

#include "core/bytes.h"
#include "core/cluster_spec.h"

#define GREETING_MAGIC		0x54464750 /* "PGFT" */
#define CHALLENGE_BODY_SIZE (PGRAFT_CHALLENGE_SIZE - PGRAFT_MAC_SIZE)

static const char server_label[] = "server";
static const char client_label[] = "client";

/* What both messages begin with. */
typedef struct Preamble
{
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	int32_t from;
	int32_t to;
} Preamble;

/* A key that is empty or does not fit leaves the greeting without one, and every step then fails. */
void
pgraft_greeting_init(PgraftGreeting *g, const PgraftCrypto *crypto, const uint8_t *key, size_t key_size,
					 const PgraftIdentity *self)
{
	memset(g, 0, sizeof(*g));
	g->crypto = crypto;
	g->self = *self;
	pgraft_greeting_accept_key(g, key, key_size);
}

void
pgraft_greeting_accept_key(PgraftGreeting *g, const uint8_t *key, size_t key_size)
{
	PgraftKey *added = &g->keys.key[g->keys.n];

	if (g->keys.n == PGRAFT_MAX_KEYS || key_size == 0 || key_size > sizeof(added->bytes))
		return;
	memcpy(added->bytes, key, key_size);
	added->size = key_size;
	g->keys.n++;
}

/* In time that does not depend on where they differ. */
static bool
mac_equal(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < PGRAFT_MAC_SIZE; i++)
		difference = (uint8_t) (difference | (a[i] ^ b[i]));
	return difference == 0;
}

static bool
compute_mac(const PgraftGreeting *g, const char *label, size_t label_size, size_t challenge_size, uint8_t *mac)
{
	const uint8_t *parts[3] = {(const uint8_t *) label, g->hello, g->challenge};
	const size_t sizes[3] = {label_size, sizeof(g->hello), challenge_size};
	const PgraftKey *key = &g->keys.key[g->key];

	return g->keys.n > 0 && g->crypto->hmac(key->bytes, key->size, parts, sizes, 3, mac);
}

static bool
server_mac(const PgraftGreeting *g, uint8_t *mac)
{
	return compute_mac(g, server_label, sizeof(server_label) - 1, CHALLENGE_BODY_SIZE, mac);
}

static bool
client_mac(const PgraftGreeting *g, uint8_t *mac)
{
	return compute_mac(g, client_label, sizeof(client_label) - 1, PGRAFT_CHALLENGE_SIZE, mac);
}

static bool
identity_valid(const PgraftIdentity *identity)
{
	return identity->node_id > 0 && pgraft_name_valid(identity->name) &&
		   (identity->incarnation[0] == '\0' || pgraft_incarnation_valid(identity->incarnation));
}

static bool
address_valid(const char *address)
{
	char host[PGRAFT_ADDRESS_SIZE];
	uint16_t port;
	char err[1];

	return pgraft_address_parse(address, host, sizeof(host), &port, err, sizeof(err));
}

static bool
put_preamble(PgraftGreeting *g, ByteWriter *w, uint16_t kind, int32_t to)
{
	uint8_t nonce[PGRAFT_NONCE_SIZE];

	put_u32(w, GREETING_MAGIC);
	put_u16(w, PGRAFT_PROTOCOL_VERSION);
	put_u16(w, kind);
	put_u32(w, (uint32_t) g->self.node_id);
	put_u32(w, (uint32_t) to);
	if (g->keys.n == 0 || !g->crypto->random(nonce, sizeof(nonce)))
		return false;
	put_bytes(w, nonce, sizeof(nonce));
	return true;
}

static void
put_identity(ByteWriter *w, const PgraftIdentity *identity)
{
	put_u16(w, identity->postgres_port);
	put_string(w, identity->name, sizeof(identity->name));
	put_string(w, identity->incarnation, sizeof(identity->incarnation));
}

static PgraftGreetingError
get_preamble(ByteReader *r, Preamble *preamble)
{
	uint8_t nonce[PGRAFT_NONCE_SIZE];

	preamble->magic = get_u32(r);
	preamble->version = get_u16(r);
	preamble->kind = get_u16(r);
	preamble->from = get_i32(r);
	preamble->to = get_i32(r);
	get_bytes(r, nonce, sizeof(nonce));
	if (preamble->magic != GREETING_MAGIC)
		return PGRAFT_GREETING_MALFORMED;
	if (preamble->version != PGRAFT_PROTOCOL_VERSION)
		return PGRAFT_GREETING_VERSION;
	return PGRAFT_GREETING_OK;
}

static void
get_identity(ByteReader *r, PgraftIdentity *identity)
{
	identity->postgres_port = get_u16(r);
	get_string(r, identity->name, sizeof(identity->name));
	get_string(r, identity->incarnation, sizeof(identity->incarnation));
}

static bool
kind_valid(uint16_t kind)
{
	return kind == PGRAFT_STREAM_RAFT || kind == PGRAFT_STREAM_PEER;
}

static bool
rest_is_zero(const ByteReader *r)
{
	for (size_t i = r->pos; i < r->size; i++)
		if (r->buf[i] != 0)
			return false;
	return true;
}

/* MALFORMED if self is no identity that the other side would accept. */
PgraftGreetingError
pgraft_greeting_hello(PgraftGreeting *g, PgraftStreamKind kind, int32_t to_node)
{
	ByteWriter w = {.buf = g->hello, .size = sizeof(g->hello)};

	memset(g->hello, 0, sizeof(g->hello));
	g->kind = kind;
	g->expected_peer = to_node;
	if (!identity_valid(&g->self) || !address_valid(g->self.address))
		return PGRAFT_GREETING_MALFORMED;
	if (!put_preamble(g, &w, (uint16_t) kind, to_node))
		return PGRAFT_GREETING_INTERNAL;
	put_identity(&w, &g->self);
	put_string(&w, g->self.address, sizeof(g->self.address));
	return w.failed ? PGRAFT_GREETING_INTERNAL : PGRAFT_GREETING_OK;
}

static PgraftGreetingError
read_hello(PgraftGreeting *g)
{
	ByteReader r = {.buf = g->hello, .size = sizeof(g->hello)};
	Preamble preamble;
	PgraftGreetingError error = get_preamble(&r, &preamble);

	if (error != PGRAFT_GREETING_OK)
		return error;
	g->peer.node_id = preamble.from;
	get_identity(&r, &g->peer);
	get_string(&r, g->peer.address, sizeof(g->peer.address));
	if (r.failed || !rest_is_zero(&r) || !kind_valid(preamble.kind) || !identity_valid(&g->peer) ||
		!address_valid(g->peer.address))
		return PGRAFT_GREETING_MALFORMED;
	if (preamble.to != g->self.node_id || preamble.from == g->self.node_id)
		return PGRAFT_GREETING_WRONG_NODE;
	g->kind = (PgraftStreamKind) preamble.kind;
	return PGRAFT_GREETING_OK;
}

PgraftGreetingError
pgraft_greeting_challenge(PgraftGreeting *g)
{
	ByteWriter w = {.buf = g->challenge, .size = CHALLENGE_BODY_SIZE};
	PgraftGreetingError error = read_hello(g);

	memset(g->challenge, 0, sizeof(g->challenge));
	if (error != PGRAFT_GREETING_OK)
		return error;
	if (!identity_valid(&g->self))
		return PGRAFT_GREETING_MALFORMED;
	if (!put_preamble(g, &w, 0, g->peer.node_id))
		return PGRAFT_GREETING_INTERNAL;
	put_identity(&w, &g->self);
	if (w.failed || !server_mac(g, g->challenge + CHALLENGE_BODY_SIZE))
		return PGRAFT_GREETING_INTERNAL;
	return PGRAFT_GREETING_OK;
}

/* With which of the client's keys was the challenge made?  It proves with that one then. */
static PgraftGreetingError
find_key(PgraftGreeting *g)
{
	uint8_t mac[PGRAFT_MAC_SIZE];

	for (int i = 0; i < g->keys.n; i++)
	{
		g->key = i;
		if (!server_mac(g, mac))
			return PGRAFT_GREETING_INTERNAL;
		if (mac_equal(mac, g->challenge + CHALLENGE_BODY_SIZE))
			return PGRAFT_GREETING_OK;
	}
	return g->keys.n == 0 ? PGRAFT_GREETING_INTERNAL : PGRAFT_GREETING_UNAUTHENTICATED;
}

/* The MAC is looked at before the rest, so that every other complaint is about a server that has the key. */
static PgraftGreetingError
read_challenge(PgraftGreeting *g)
{
	ByteReader r = {.buf = g->challenge, .size = CHALLENGE_BODY_SIZE};
	Preamble preamble;
	PgraftGreetingError error = get_preamble(&r, &preamble);

	if (error == PGRAFT_GREETING_OK)
		error = find_key(g);
	if (error != PGRAFT_GREETING_OK)
		return error;
	g->peer.node_id = preamble.from;
	get_identity(&r, &g->peer);
	if (r.failed || !rest_is_zero(&r) || preamble.kind != 0 || !identity_valid(&g->peer))
		return PGRAFT_GREETING_MALFORMED;
	if (preamble.from != g->expected_peer || preamble.to != g->self.node_id)
		return PGRAFT_GREETING_WRONG_NODE;
	return PGRAFT_GREETING_OK;
}

/* The server's address is not in its challenge: g->peer.address stays empty, since the client knows whom it dialled. */
PgraftGreetingError
pgraft_greeting_answer(PgraftGreeting *g)
{
	PgraftGreetingError error = read_challenge(g);

	memset(g->proof, 0, sizeof(g->proof));
	if (error != PGRAFT_GREETING_OK)
		return error;
	return client_mac(g, g->proof) ? PGRAFT_GREETING_OK : PGRAFT_GREETING_INTERNAL;
}

PgraftGreetingError
pgraft_greeting_verify(PgraftGreeting *g)
{
	uint8_t mac[PGRAFT_MAC_SIZE];

	if (!client_mac(g, mac))
		return PGRAFT_GREETING_INTERNAL;
	return mac_equal(mac, g->proof) ? PGRAFT_GREETING_OK : PGRAFT_GREETING_UNAUTHENTICATED;
}

const char *
pgraft_greeting_error_text(PgraftGreetingError error)
{
	switch (error)
	{
		case PGRAFT_GREETING_OK:
			return "no error";
		case PGRAFT_GREETING_MALFORMED:
			return "not a greeting of pgraft";
		case PGRAFT_GREETING_VERSION:
			return "another protocol version";
		case PGRAFT_GREETING_WRONG_NODE:
			return "meant for another node, or another node than the one dialled";
		case PGRAFT_GREETING_UNAUTHENTICATED:
			return "not authenticated: the cluster's key is missing there, or another one";
		case PGRAFT_GREETING_INTERNAL:
			return "the cryptographic functions failed";
	}
	return "unknown error";
}
