/*
 * transport_private.h
 *	  What transport.c, connection.c, addresses.c, dial.c and accept.c share.
 */
#ifndef PGRAFT_TRANSPORT_PRIVATE_H
#define PGRAFT_TRANSPORT_PRIVATE_H

#include <netinet/in.h>

#include "core/refusals.h"
#include "net/raft_reader.h"
#include "net/transport.h"

#define PGRAFT_GREETING_TIMEOUT_MS 2000

/* A connect has this long: the kernel would repeat what got lost after one, three and seven seconds only, long after the peer is back. */
#define PGRAFT_CONNECT_TIMEOUT_MS 300

/* Nobody waits for longer than this for a resolver, which may take many seconds where names do not resolve any more. */
#define PGRAFT_RESOLVE_TIMEOUT_MS 500

/* So many strangers at a time may be in their greeting; further ones are hung up on. */
#define PGRAFT_MAX_PENDING_GREETINGS 64

/* And so many of one host, so that one that takes all it can get keeps nobody else out: a member needs two or three. */
#define PGRAFT_MAX_PENDING_OF_HOST 16

/* One connection whose greeting is under way, in either direction. */
typedef struct PgraftConnection
{
	PgraftTransport *t;
	struct PgraftConnection *next;
	uv_tcp_t *tcp; /* NULL once handed over or closed */
	PgraftGreeting greeting;
	uint8_t *reading; /* where the next bytes go, and how many are missing */
	size_t missing;
	uv_write_t write;
	int64_t deadline_ms;
	char remote[PGRAFT_REFUSAL_HOST_SIZE]; /* its host, for the log */
	bool aborted;						   /* to be finished with an error, once nothing is pending */
	bool incoming;						   /* it came in; otherwise it is dialled */
	/* dialling only */
	PgraftDialled done; /* NULL once it has been told */
	void *done_arg;
	const char *failure; /* why it cannot be made; static text */
	char address[PGRAFT_ADDRESS_SIZE];
	bool resolved; /* the kept address is not, or no longer, the one that is dialled */
	bool resolving;
	uv_connect_t connect;
	uv_getaddrinfo_t resolver;
} PgraftConnection;

/* A stream of libraft's messages from a peer (raft_streams.c); its handle is closed with it. */
typedef struct PgraftRaftStream
{
	PgraftTransport *t;
	uv_stream_t *stream;
	PgraftRaftReader reader;
} PgraftRaftStream;

typedef struct PgraftKnownAddress
{
	char address[PGRAFT_ADDRESS_SIZE]; /* "" : unused */
	struct sockaddr_in sockaddr;
	bool doubtful; /* who has it now did not answer, or was somebody else */
} PgraftKnownAddress;

struct PgraftTransport
{
	struct raft_uv_transport raft;
	PgraftTransportConfig config;
	uv_loop_t *loop;
	uv_tcp_t listener;
	bool listening;
	uv_timer_t sweeper; /* ends what is past its deadline */
	bool raft_started;	/* before that its streams are closed */
	raft_uv_transport_close_cb close_cb;
	bool closing;
	int open_handles; /* listener and sweeper, while closing */
	PgraftConnection *connections;
	int n_incoming;
	PgraftRefusals refusals;
	PgraftRaftStream *raft_streams[PGRAFT_MAX_NODES + 1]; /* by node id */
	int n_raft_streams;									  /* those that are closing, too */
	PgraftKnownAddress known[PGRAFT_MAX_NODES * 2];
};

/* transport.c */
extern void pgraft_transport_maybe_closed(PgraftTransport *t);
extern void pgraft_transport_refuse(PgraftTransport *t, const char *remote, const char *why);

/* Common to both directions (connection.c). */
extern PgraftConnection *pgraft_connection_new(PgraftTransport *t);
extern int pgraft_connection_open(PgraftConnection *c);
extern void pgraft_connection_tune(const PgraftTransport *t, uv_tcp_t *tcp);
extern void pgraft_connection_read(PgraftConnection *c, uint8_t *into, size_t size, uv_read_cb cb);
extern bool pgraft_connection_advance(PgraftConnection *c, ssize_t nread);
extern void pgraft_connection_abort(PgraftConnection *c);
extern uv_stream_t *pgraft_connection_release(PgraftConnection *c);
extern void pgraft_connection_maybe_free(PgraftConnection *c);

/* addresses.c */
extern const PgraftKnownAddress *pgraft_known_address(PgraftTransport *t, const char *address);
extern void pgraft_keep_address(PgraftTransport *t, const char *address, const struct sockaddr_in *sockaddr);
extern void pgraft_doubt_address(PgraftTransport *t, const char *address);
extern void pgraft_keep_peer_address(PgraftConnection *c);
extern void pgraft_learn_caller_address(PgraftConnection *c);

/* dial.c, accept.c */
extern int pgraft_dial_for_raft(struct raft_uv_transport *rt, struct raft_uv_connect *req, raft_id id,
								const char *address, raft_uv_connect_cb cb);
extern void pgraft_accept(uv_stream_t *listener, int status);
extern void pgraft_accept_timed_out(PgraftConnection *c);

/* raft_streams.c: the stream is theirs from then on. */
extern void pgraft_raft_streams_accept(PgraftTransport *t, const PgraftIdentity *peer, uv_stream_t *stream);
extern void pgraft_raft_streams_close(PgraftTransport *t);

#endif
