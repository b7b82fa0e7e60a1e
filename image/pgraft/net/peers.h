/*
 * peers.h
 *	  Links between servers for messages of our own (core/peer_message.h), beside libraft's streams: one for each ordered pair.
 *
 * This server dials every other member (and who else it is told to) and writes there; the others dial this one, and it reads what they write.  A
 * link that ends is dialled again a moment later, for as long as it is wanted.  Both ends read, so that a death at the other end is seen as the end of the
 * stream, at once.  Nothing is kept for a link that is down, and a peer that does not take what is written to it loses its link: messages are
 * repeated, and only the newest counts.
 *
 * Owners: the streams are the links', from the greeting to uv_close.
 */
#ifndef PGRAFT_PEERS_H
#define PGRAFT_PEERS_H

#include <netinet/in.h>
#include <uv.h>

#include "core/peer_message.h"
#include "net/transport.h"

typedef struct PgraftPeersConfig
{
	uv_loop_t *loop;
	PgraftTransport *transport;
	void (*message)(void *arg, int32_t from, const PgraftPeerMessage *message);
	void (*link_made)(void *arg, int32_t to); /* messages to it arrive from now on */
	void (*link_ended)(void *arg, int32_t node_id);
	void (*log)(const char *message);
	uint64_t *errors; /* counts messages that are none */
	void *arg;
} PgraftPeersConfig;

struct PgraftPeers;

/* The link to a peer. */
typedef struct PgraftLinkTo
{
	struct PgraftPeers *peers;
	int32_t node_id;
	char address[PGRAFT_ADDRESS_SIZE]; /* "": no member of that id */
	char dialled[PGRAFT_ADDRESS_SIZE];
	bool dialling;
	uv_stream_t *stream;		/* NULL: not connected */
	struct sockaddr_in reached; /* where it was when it was connected last; sin_family 0: it never was */
	const char *failure;		/* why it could not be made when it was tried last; "" */
	uv_timer_t redial;
	uint8_t unexpected[8]; /* nothing comes back on this link */
} PgraftLinkTo;

/* The link from a peer. */
typedef struct PgraftLinkFrom
{
	struct PgraftPeers *peers;
	int32_t node_id;
	uv_stream_t *stream; /* NULL: not connected */
	uint8_t received[PGRAFT_PEER_FRAME_SIZE];
	size_t n_received;
} PgraftLinkFrom;

typedef struct PgraftPeers
{
	PgraftPeersConfig config;
	int64_t last_error_log_ms;
	PgraftLinkTo to[PGRAFT_MAX_NODES + 1]; /* by node id */
	PgraftLinkFrom
		from[PGRAFT_MAX_NODES + 1]; /* by node id: so many come in at most, a newer one in place of the older */
} PgraftPeers;

static inline bool
pgraft_peer_possible(int32_t node_id)
{
	return node_id >= 1 && node_id <= PGRAFT_MAX_NODES;
}

extern void pgraft_peers_init(PgraftPeers *peers, const PgraftPeersConfig *config);

/* From now on be connected to the peer at this address; "": to no peer of that id. */
extern void pgraft_peers_connect(PgraftPeers *peers, int32_t node_id, const char *address);

/* To one peer.  Lost if there is no link to it. */
extern void pgraft_peers_send(PgraftPeers *peers, int32_t node_id, const PgraftPeerMessage *message);

/* A stream of the transport's; closed at once if it is of no possible peer. */
extern void pgraft_peers_accept(PgraftPeers *peers, int32_t node_id, uv_stream_t *stream);

#endif
