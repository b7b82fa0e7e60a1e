/*
 * greeting.h
 *	  The authenticated greeting that opens every connection between servers: bytes and state, no sockets.
 *
 *	  client -> server	HELLO	  who I am, whom I want, what for, my nonce
 *	  server -> client	CHALLENGE who I am, my nonce, HMAC-SHA-256(key, "server" || HELLO || CHALLENGE without its MAC)
 *	  client -> server	PROOF	  HMAC-SHA-256(key, "client" || HELLO || CHALLENGE)
 *
 * Both ways: the client hangs up unless the server knows the key, so that no Raft message goes to a stranger.  All three
 * messages have fixed sizes, so that exactly their bytes are read, and whatever follows belongs to the stream's owner.
 * Fresh nonces on both sides make a recorded greeting useless.  MACs are compared in constant time.
 *
 * Either side may have two keys (core/keys.h): the server's first makes CHALLENGE and PROOF, and the client takes whichever of its own fits.
 *
 * The HMAC and the random bytes come from the caller (PostgreSQL's crypto in the server).
 */
#ifndef PGRAFT_GREETING_H
#define PGRAFT_GREETING_H

#include "core/keys.h"
#include "core/types.h"

#define PGRAFT_PROTOCOL_VERSION 1
#define PGRAFT_NONCE_SIZE		32
#define PGRAFT_HELLO_SIZE		512
#define PGRAFT_CHALLENGE_SIZE	256
#define PGRAFT_PROOF_SIZE		32

typedef enum PgraftStreamKind
{
	PGRAFT_STREAM_RAFT = 1, /* libraft's messages, one way, from the client */
	PGRAFT_STREAM_PEER = 2	/* core/peer_message.h, one way, from the client */
} PgraftStreamKind;

/* Who a server says it is; what a MAC later proves. */
typedef struct PgraftIdentity
{
	int32_t node_id;
	uint16_t postgres_port;
	char name[PGRAFT_NAME_SIZE];
	char address[PGRAFT_ADDRESS_SIZE]; /* advertised, host:port */
	char incarnation[PGRAFT_INCARNATION_SIZE];
} PgraftIdentity;

typedef enum PgraftGreetingError
{
	PGRAFT_GREETING_OK = 0,
	PGRAFT_GREETING_MALFORMED,		 /* not our magic, impossible values */
	PGRAFT_GREETING_VERSION,		 /* another protocol version */
	PGRAFT_GREETING_WRONG_NODE,		 /* meant for another node id, or the other side is not whom we dialled */
	PGRAFT_GREETING_UNAUTHENTICATED, /* MAC does not fit: no key, or another one */
	PGRAFT_GREETING_INTERNAL		 /* the crypto failed */
} PgraftGreetingError;

/* One side of one greeting; the caller owns it and moves the bytes. */
typedef struct PgraftGreeting
{
	const PgraftCrypto *crypto;
	PgraftKeys keys;
	int key; /* of them, this greeting's: the server's first, the client's that fits the challenge */
	PgraftIdentity self;
	PgraftIdentity peer; /* valid once the greeting is done; on the client without address: it dialled it */
	PgraftStreamKind kind;
	int32_t expected_peer; /* client: the node it dials; server: 0 */
	uint8_t hello[PGRAFT_HELLO_SIZE];
	uint8_t challenge[PGRAFT_CHALLENGE_SIZE];
	uint8_t proof[PGRAFT_PROOF_SIZE];
} PgraftGreeting;

extern void pgraft_greeting_init(PgraftGreeting *g, const PgraftCrypto *crypto, const uint8_t *key, size_t key_size,
								 const PgraftIdentity *self);

/* A second key, with which the other side may have made its challenge. */
extern void pgraft_greeting_accept_key(PgraftGreeting *g, const uint8_t *key, size_t key_size);

/* Client: fill g->hello; after the server's challenge is in g->challenge, check it and fill g->proof. */
extern PgraftGreetingError pgraft_greeting_hello(PgraftGreeting *g, PgraftStreamKind kind, int32_t to_node);
extern PgraftGreetingError pgraft_greeting_answer(PgraftGreeting *g);

/* Server: after g->hello is read, fill g->challenge; after g->proof is read, check it.  Only then are peer and kind proven. */
extern PgraftGreetingError pgraft_greeting_challenge(PgraftGreeting *g);
extern PgraftGreetingError pgraft_greeting_verify(PgraftGreeting *g);

extern const char *pgraft_greeting_error_text(PgraftGreetingError error);

#endif
