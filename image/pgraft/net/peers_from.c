/*
 * peers_from.c
 *	  The links from the peers: what they write is read here.
 */
#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/peers.h"

#define ERROR_LOG_INTERVAL_MS 10000

static void
end_link_from(PgraftLinkFrom *link)
{
	pgraft_stream_close(&link->stream);
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

	if (!pgraft_peer_possible(node_id))
	{
		pgraft_stream_close(&stream);
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
