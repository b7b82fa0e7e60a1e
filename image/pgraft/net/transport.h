/*
 * transport.h
 *	  libraft's transport with an authenticated greeting (core/greeting.h) before it sees a byte.
 *
 * Differences from libraft's own: the last good address of each peer is kept and dialled first, names are resolved only when that fails;
 * TCP_USER_TIMEOUT and keepalive on every stream; half-open and slow greetings are bounded in number and time.
 *
 * Owners: a uv_tcp_t is ours until the greeting is done, then libraft's (which closes and frees it with raft_free).
 */
#ifndef PGRAFT_TRANSPORT_H
#define PGRAFT_TRANSPORT_H

#include <raft.h>
#include <raft/uv.h>

#include "core/greeting.h"
#include "core/types.h"

typedef struct PgraftTransport PgraftTransport;

typedef struct PgraftTransportConfig
{
	PgraftIdentity self;
	char listen_host[64]; /* dotted quad */
	uint16_t listen_port;
	uint8_t key[64];
	size_t key_size;
	const PgraftCrypto *crypto;
	void (*log)(const char *message);
	void (*peer_met)(void *arg, const PgraftIdentity *peer); /* a peer has proven who it is */
	uint64_t *refusals;										 /* counts greetings that failed */
	void *arg;
} PgraftTransportConfig;

/* NULL when out of memory.  The config is copied. */
extern PgraftTransport *pgraft_transport_new(uv_loop_t *loop, const PgraftTransportConfig *config);
extern struct raft_uv_transport *pgraft_transport_raft(PgraftTransport *t);

#endif
