/*
 * raft_streams.c
 *	  The streams on which peers send libraft's messages: read here, since libraft trusts what it reads (net/raft_message.h).
 *
 * One a peer, a newer one in place of the older: a peer that dials has lost its stream, though this end may not have seen it yet.
 */
#include <stdlib.h>

#include "net/transport_private.h"

static void
stream_closed(uv_handle_t *handle)
{
	PgraftRaftStream *s = handle->data;
	PgraftTransport *t = s->t;

	pgraft_raft_reader_close(&s->reader);
	raft_free(handle);
	free(s);
	t->n_raft_streams--;
	pgraft_transport_maybe_closed(t);
}

static void
end_stream(PgraftRaftStream *s)
{
	if (s->t->raft_streams[s->reader.from] == s)
		s->t->raft_streams[s->reader.from] = NULL;
	if (!uv_is_closing((uv_handle_t *) s->stream))
		uv_close((uv_handle_t *) s->stream, stream_closed);
}

static void
give_room(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buf)
{
	PgraftRaftStream *s = handle->data;
	uint8_t *into = NULL;
	size_t room = pgraft_raft_reader_room(&s->reader, &into);

	(void) suggested_size;
	*buf = uv_buf_init((char *) into, (unsigned) room);
}

static void
heard(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	PgraftRaftStream *s = stream->data;
	const char *why;

	(void) buf;
	if (nread < 0)
		end_stream(s);
	else if (nread > 0 && !pgraft_raft_reader_advance(&s->reader, (size_t) nread, &why))
	{
		pgraft_transport_refuse(s->t, s->reader.address, why);
		end_stream(s);
	}
}

void
pgraft_raft_streams_accept(PgraftTransport *t, const PgraftIdentity *peer, uv_stream_t *stream)
{
	PgraftRaftStream *s;

	if (peer->node_id < 1 || peer->node_id > PGRAFT_MAX_NODES || !t->raft_started || t->closing)
	{
		pgraft_stream_close(&stream);
		return;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
	{
		pgraft_stream_close(&stream);
		return;
	}
	s->t = t;
	s->stream = stream;
	stream->data = s;
	pgraft_raft_reader_init(&s->reader, (raft_id) peer->node_id, peer->address, t->config.raft_message, t->config.arg);
	if (t->raft_streams[peer->node_id] != NULL)
		end_stream(t->raft_streams[peer->node_id]);
	t->raft_streams[peer->node_id] = s;
	t->n_raft_streams++;
	if (uv_read_start(stream, give_room, heard) != 0)
		end_stream(s);
}

void
pgraft_raft_streams_close(PgraftTransport *t)
{
	for (int id = 1; id <= PGRAFT_MAX_NODES; id++)
		if (t->raft_streams[id] != NULL)
			end_stream(t->raft_streams[id]);
}
