/*
 * peers.c
 *	  See peers.h.
 */
#include "net/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"

#define REDIAL_MS			  100
#define MOST_UNSENT_BYTES	  (64 * 1024)
#define ERROR_LOG_INTERVAL_MS 10000

typedef struct Sending
{
	uv_write_t write;
	uint8_t frame[];
} Sending;

static void dial(PgraftLinkTo *link);

static bool
possible(int32_t node_id)
{
	return node_id >= 1 && node_id <= PGRAFT_MAX_NODES;
}

static void
free_stream(uv_handle_t *handle)
{
	raft_free(handle);
}

static void
close_stream(uv_stream_t **stream)
{
	uv_close((uv_handle_t *) *stream, free_stream);
	*stream = NULL;
}

/* ---- the links to the peers ---- */

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
	close_stream(&link->stream);
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
dialled(void *arg, uv_stream_t *stream, int status)
{
	PgraftLinkTo *link = arg;

	link->dialling = false;
	if (status == RAFT_CANCELED)
		return;
	if (status != 0)
	{
		redial_later(link);
		return;
	}
	link->stream = stream;
	stream->data = link;
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

	if (!possible(node_id) || strcmp(peers->to[node_id].address, address) == 0)
		return;
	link = &peers->to[node_id];
	snprintf(link->address, sizeof link->address, "%s", address);
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

	if (size == 0 || !possible(node_id) || peers->to[node_id].stream == NULL)
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

/* ---- the links from the peers ---- */

static void
end_link_from(PgraftLinkFrom *link)
{
	close_stream(&link->stream);
	link->peers->config.link_ended(link->peers->config.arg, link->node_id);
}

static void
end_for_error(PgraftLinkFrom *link, const char *why)
{
	PgraftPeers *peers = link->peers;
	int64_t now = pgraft_now_ms();
	char message[160];

	(*peers->config.errors)++;
	if (peers->last_error_log_ms == 0 || now - peers->last_error_log_ms >= ERROR_LOG_INTERVAL_MS)
	{
		snprintf(message, sizeof message, "link from node %d closed: %s", link->node_id, why);
		peers->config.log(message);
		peers->last_error_log_ms = now;
	}
	end_link_from(link);
}

/* The first message of what was received, if it is whole; how many bytes it took.  The link may have ended afterwards. */
static size_t
take_message(PgraftLinkFrom *link, const uint8_t *bytes, size_t size)
{
	PgraftPeersConfig *config = &link->peers->config;
	PgraftPeerMessage message;
	size_t message_size;
	const char *why;

	switch (pgraft_peer_frame(bytes, size, &message_size))
	{
		case PGRAFT_FRAME_PARTIAL:
			return 0;
		case PGRAFT_FRAME_WHOLE:
			if (pgraft_peer_message_decode(bytes + PGRAFT_PEER_HEADER_SIZE, message_size, &message, &why))
				config->message(config->arg, link->node_id, &message);
			else
				end_for_error(link, why);
			return PGRAFT_PEER_HEADER_SIZE + message_size;
		case PGRAFT_FRAME_IMPOSSIBLE:
			end_for_error(link, "no message has that length");
	}
	return 0;
}

static void
take_messages(PgraftLinkFrom *link)
{
	uv_stream_t *stream = link->stream;
	size_t taken = 0;
	size_t n;

	do
	{
		n = take_message(link, link->received + taken, link->n_received - taken);
		taken += n;
	} while (n > 0 && link->stream == stream);
	if (link->stream != stream)
		return;
	link->n_received -= taken;
	memmove(link->received, link->received + taken, link->n_received);
}

/* A partial frame is always shorter than the buffer, so there is room. */
static void
give_room(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buf)
{
	PgraftLinkFrom *link = handle->data;

	(void) suggested_size;
	*buf =
		uv_buf_init((char *) link->received + link->n_received, (unsigned) (sizeof link->received - link->n_received));
}

static void
heard_on_link_from(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	PgraftLinkFrom *link = stream->data;

	(void) buf;
	if (nread < 0)
	{
		end_link_from(link);
		return;
	}
	link->n_received += (size_t) nread;
	take_messages(link);
}

/* A peer that dials has lost its link, though this end may not have seen it yet. */
void
pgraft_peers_accept(PgraftPeers *peers, int32_t node_id, uv_stream_t *stream)
{
	PgraftLinkFrom *link;

	if (!possible(node_id))
	{
		close_stream(&stream);
		return;
	}
	link = &peers->from[node_id];
	if (link->stream != NULL)
		end_link_from(link);
	link->n_received = 0;
	link->stream = stream;
	stream->data = link;
	if (uv_read_start(stream, give_room, heard_on_link_from) != 0)
		end_link_from(link);
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
		uv_timer_init(config->loop, &peers->to[id].redial);
		peers->to[id].redial.data = &peers->to[id];
	}
}
