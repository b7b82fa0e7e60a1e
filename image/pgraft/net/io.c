/*
 * io.c
 *	  See io.h.  Here: messages and time.
 */
#include <string.h>

#include "net/clock.h"
#include "net/io_private.h"
#include "net/raft_message.h"

PgraftIo *pgraft_io_layer;

static int
send_message(struct raft_io *io, struct raft_io_send *req, const struct raft_message *message, raft_io_send_cb cb)
{
	if (message->type >= 1 && message->type <= PGRAFT_MESSAGE_KINDS)
		pgraft_io_layer->counters.sent[message->type - 1]++;
	if (message->type == RAFT_APPEND_ENTRIES && message->append_entries.n_entries == 0)
		pgraft_io_layer->counters.heartbeats_sent++;
	if (message->type == RAFT_INSTALL_SNAPSHOT)
		pgraft_io_layer->counters.snapshots_sent++;
	return pgraft_io_layer->original.send(io, req, message, cb);
}

static bool
is_warming(const struct raft_message *message)
{
	return message->type == RAFT_REQUEST_VOTE_RESULT && message->request_vote_result.term == 0;
}

static bool
is_for_voters(const struct raft_message *message)
{
	return message->type == RAFT_REQUEST_VOTE || message->type == RAFT_TIMEOUT_NOW;
}

static bool
is_for_libraft(struct raft_io *io, const struct raft_message *message)
{
	return pgraft_io_layer->admits(pgraft_io_layer->arg, (int32_t) message->server_id) &&
		   !(pgraft_io_layer->joining && is_for_voters(message)) && !pgraft_io_is_harmful(io->data, message);
}

/* libraft would follow a null pointer.  What is still needed when that one is written is sent again. */
static bool
came_while_one_is_written(const struct raft_message *message)
{
	return message->type == RAFT_INSTALL_SNAPSHOT && pgraft_io_layer->snapshot_stored != NULL;
}

void
pgraft_io_receive(struct raft_io *io, struct raft_message *message)
{
	if (!is_for_libraft(io, message))
	{
		pgraft_raft_message_drop(message);
		return;
	}
	if (message->server_id >= 1 && message->server_id <= PGRAFT_MAX_NODES)
		pgraft_io_layer->last_seen_ms[message->server_id] = pgraft_now_ms();
	if (is_warming(message))
		return;
	if (came_while_one_is_written(message))
	{
		pgraft_raft_message_drop(message);
		return;
	}
	if (message->type >= 1 && message->type <= PGRAFT_MESSAGE_KINDS)
		pgraft_io_layer->counters.received[message->type - 1]++;
	if (message->type == RAFT_INSTALL_SNAPSHOT)
		pgraft_io_layer->counters.snapshots_received++;
	if (message->type == RAFT_APPEND_ENTRIES)
	{
		pgraft_io_adapt_append(io->data, &message->append_entries);
		pgraft_io_layer->leader_heard(pgraft_io_layer->arg, (int32_t) message->server_id, message->append_entries.term);
	}
	pgraft_io_layer->recv(io, message);
}

static void
tick(struct raft_io *io)
{
	if (pgraft_io_layer->pass_tick(pgraft_io_layer->arg))
		pgraft_io_layer->tick(io);
}

void
pgraft_io_tick(PgraftIo *layer, struct raft_io *io)
{
	layer->tick(io);
}

static int
start(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick_cb, raft_io_recv_cb recv_cb)
{
	pgraft_io_layer->tick = tick_cb;
	pgraft_io_layer->recv = recv_cb;
	return pgraft_io_layer->original.start(io, msecs, tick, pgraft_io_receive);
}

void
pgraft_io_wrap(PgraftIo *layer, struct raft_io *io)
{
	pgraft_io_layer = layer;
	layer->original = *io;
	pgraft_io_wrap_storage(io);
	io->send = send_message;
	io->start = start;
}

static void
warm_sent(struct raft_io_send *req, int status)
{
	(void) status;
	raft_free(req);
}

void
pgraft_io_warm(PgraftIo *layer, struct raft_io *io, raft_id id, const char *address)
{
	struct raft_io_send *req = raft_malloc(sizeof *req);
	struct raft_message message;

	if (req == NULL)
		return;
	memset(&message, 0, sizeof message);
	message.type = RAFT_REQUEST_VOTE_RESULT;
	message.server_id = id;
	message.server_address = address;
	message.request_vote_result.version = 2;
	if (layer->original.send(io, req, &message, warm_sent) != 0)
		raft_free(req);
}
