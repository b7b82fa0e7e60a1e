/*
 * peers.c
 *	  See peers.h.  Here: the links to the peers; peers_from.c has those from them.
 */
#include "net/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIAL_MS		  100
#define MOST_UNSENT_BYTES (64 * 1024)

typedef struct Sending
{
	uv_write_t write;
	uint8_t frame[];
} Sending;

static void dial(PgraftLinkTo *link);

static void
redial_due(uv_timer_t *timer)
{
	dial(timer->data);
}

static void
redial_later(PgraftLinkTo *link)
{
	uv_timer_start(&link->redial, redial_due, REDIAL_MS, 0);
}

static void
end_link_to(PgraftLinkTo *link)
{
	pgraft_stream_close(&link->stream);
	redial_later(link);
	link->peers->config.link_ended(link->peers->config.arg, link->node_id);
}

static void
give_unexpected(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buf)
{
	PgraftLinkTo *link = handle->data;

	(void) suggested_size;
	*buf = uv_buf_init((char *) link->unexpected, sizeof link->unexpected);
}

/* The peer only reads from this link: whatever is heard here, the end above all, ends it. */
static void
heard_on_link_to(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	(void) buf;
	if (nread != 0)
		end_link_to(stream->data);
}

static void
note_where(PgraftLinkTo *link)
{
	int size = sizeof link->reached;

	if (uv_tcp_getpeername((uv_tcp_t *) link->stream, (struct sockaddr *) &link->reached, &size) != 0)
		link->reached.sin_family = 0;
}

static void
dialled(void *arg, uv_stream_t *stream, int status, const char *why)
{
	PgraftLinkTo *link = arg;

	link->dialling = false;
	link->failure = why;
	if (status == RAFT_CANCELED)
		return;
	if (status != 0)
	{
		redial_later(link);
		return;
	}
	link->stream = stream;
	stream->data = link;
	note_where(link);
	if (strcmp(link->address, link->dialled) != 0 || uv_read_start(stream, give_unexpected, heard_on_link_to) != 0)
		end_link_to(link);
	else
		link->peers->config.link_made(link->peers->config.arg, link->node_id);
}

static void
dial(PgraftLinkTo *link)
{
	PgraftPeersConfig *config = &link->peers->config;

	if (link->address[0] == '\0' || link->dialling || link->stream != NULL)
		return;
	strcpy(link->dialled, link->address);
	link->dialling = true;
	if (!pgraft_transport_dial(config->transport, PGRAFT_STREAM_PEER, link->node_id, link->address, dialled, link))
	{
		link->dialling = false;
		redial_later(link);
	}
}

void
pgraft_peers_connect(PgraftPeers *peers, int32_t node_id, const char *address)
{
	PgraftLinkTo *link;

	if (!pgraft_peer_possible(node_id) || strcmp(peers->to[node_id].address, address) == 0)
		return;
	link = &peers->to[node_id];
	snprintf(link->address, sizeof link->address, "%s", address);
	link->failure = "";
	link->reached.sin_family = 0;
	if (link->stream != NULL)
		end_link_to(link);
	else
		dial(link);
}

static void
sent(uv_write_t *write, int status)
{
	uv_stream_t *stream = write->handle;

	free(write->data);
	if (status != 0 && !uv_is_closing((uv_handle_t *) stream))
		end_link_to(stream->data);
}

void
pgraft_peers_send(PgraftPeers *peers, int32_t node_id, const PgraftPeerMessage *message)
{
	uint8_t frame[PGRAFT_PEER_FRAME_SIZE];
	size_t size = pgraft_peer_message_encode(message, frame, sizeof frame);
	PgraftLinkTo *link;
	Sending *sending;
	uv_buf_t buf;

	if (size == 0 || !pgraft_peer_possible(node_id) || peers->to[node_id].stream == NULL)
		return;
	link = &peers->to[node_id];
	sending = malloc(sizeof *sending + size);
	if (sending == NULL)
		return;
	sending->write.data = sending;
	memcpy(sending->frame, frame, size);
	buf = uv_buf_init((char *) sending->frame, (unsigned) size);
	if (uv_write(&sending->write, link->stream, &buf, 1, sent) != 0)
		free(sending);
	else if (uv_stream_get_write_queue_size(link->stream) > MOST_UNSENT_BYTES)
		end_link_to(link);
}

void
pgraft_peers_init(PgraftPeers *peers, const PgraftPeersConfig *config)
{
	memset(peers, 0, sizeof *peers);
	peers->config = *config;
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		peers->to[id].peers = peers->from[id].peers = peers;
		peers->to[id].node_id = peers->from[id].node_id = id;
		peers->to[id].failure = "";
		uv_timer_init(config->loop, &peers->to[id].redial);
		peers->to[id].redial.data = &peers->to[id];
	}
}
