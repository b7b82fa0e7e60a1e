/*
 * transport.h
 *	  Connections between servers, each with an authenticated greeting (core/greeting.h) before anybody sees a byte: libraft's
 *	  (this is its transport), and the links of net/peers.h.
 *
 * Differences from libraft's own: the last good address of each peer is kept and dialled first, names are resolved only when that fails;
 * TCP_USER_TIMEOUT and keepalive on every stream; half-open and slow greetings are bounded in number and time.
 *
 * Owners: a uv_tcp_t is ours until the greeting is done.  One that was dialled is then libraft's or the link's (which close it and free it with
 * raft_free), one that came in the link's, or still ours: we read libraft's messages (net/raft_message.h says why).
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
	PgraftKeys keys;
	unsigned silence_ms; /* a peer that acknowledges nothing for so long is gone */
	const PgraftCrypto *crypto;
	void (*log)(const char *message);
	void (*peer_met)(void *arg, const PgraftIdentity *peer); /* a peer has proven who it is */
	void (*peer_stream)(void *arg, int32_t node_id,
						uv_stream_t *stream); /* PGRAFT_STREAM_PEER; the receiver's from then on */
	void (*raft_message)(
		void *arg, struct raft_message *message); /* for libraft, checked; what it brings along is the receiver's */
	uint64_t *refusals; /* counts greetings that failed, and streams that ended with garbage */
	uint64_t *silent;	/* counts connections that came and went without a byte */
	void *arg;
} PgraftTransportConfig;

/*
 * Told once, later or at once.  status 0: the greeting is done, and the stream is the receiver's; RAFT_NOCONNECTION, and why (static text, for
 * an operator); RAFT_CANCELED: the transport closes.
 */
typedef void (*PgraftDialled)(void *arg, uv_stream_t *stream, int status, const char *why);

/* NULL when out of memory.  The config is copied. */
extern PgraftTransport *pgraft_transport_new(uv_loop_t *loop, const PgraftTransportConfig *config);
extern struct raft_uv_transport *pgraft_transport_raft(PgraftTransport *t);

/* Before libraft starts, which only adds itself: its streams are closed until then.  false with the reason in pgraft_transport_raft()->errmsg. */
extern bool pgraft_transport_listen(PgraftTransport *t);

/* For every greeting that begins from now on.  Streams whose greeting is done are not touched. */
extern void pgraft_transport_use_keys(PgraftTransport *t, const PgraftKeys *keys);

/* Close a stream that was handed over, and forget it. */
extern void pgraft_stream_close(uv_stream_t **stream);

/* false when out of memory; done is not called then. */
extern bool pgraft_transport_dial(PgraftTransport *t, PgraftStreamKind kind, int32_t node_id, const char *address,
								  PgraftDialled done, void *arg);

#endif
