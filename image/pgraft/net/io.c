/*
 * io.c
 *	  See io.h.
 */
#include "net/io.h"

#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/raft_message.h"

/* raft_uv's callbacks carry only the raft_io, whose data and impl are taken: so the one layer of the process stands here. */
static PgraftIo *the_layer;

static void
die(const char *what, int rc, const struct raft_io *io)
{
	char message[RAFT_ERRMSG_BUF_SIZE + 128];

	snprintf(message, sizeof message, "could not %s: %s (%s)", what, raft_strerror(rc), io->errmsg);
	the_layer->fatal(message);
}

static int
set_term(struct raft_io *io, raft_term term)
{
	int rc = the_layer->original.set_term(io, term);

	if (rc != 0)
		die("write the Raft term", rc, io);
	return rc;
}

static int
set_vote(struct raft_io *io, raft_id id)
{
	int rc = the_layer->original.set_vote(io, id);

	if (rc != 0)
		die("write the Raft vote", rc, io);
	if (id == the_layer->self)
		the_layer->counters.elections++;
	return rc;
}

static int
append(struct raft_io *io, struct raft_io_append *req, const struct raft_entry entries[], unsigned n,
	   raft_io_append_cb cb)
{
	int rc = the_layer->original.append(io, req, entries, n, cb);

	if (rc != 0)
		die("append to the Raft log", rc, io);
	the_layer->counters.entries_appended += n;
	return rc;
}

static int
truncate_log(struct raft_io *io, raft_index index)
{
	int rc = the_layer->original.truncate(io, index);

	if (rc != 0)
		die("truncate the Raft log", rc, io);
	return rc;
}

static void
snapshot_stored(struct raft_io_snapshot_put *req, int status)
{
	raft_io_snapshot_put_cb cb = the_layer->snapshot_stored;

	the_layer->snapshot_stored = NULL;
	if (status != 0 && status != RAFT_CANCELED)
		die("write a Raft snapshot", status, &the_layer->original);
	cb(req, status);
}

/* libraft writes one snapshot at a time. */
static int
snapshot_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *req,
			 const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
	int rc;

	the_layer->snapshot_stored = cb;
	rc = the_layer->original.snapshot_put(io, trailing, req, snapshot, snapshot_stored);
	if (rc != 0)
		die("write a Raft snapshot", rc, io);
	return rc;
}

static int
send_message(struct raft_io *io, struct raft_io_send *req, const struct raft_message *message, raft_io_send_cb cb)
{
	if (message->type >= 1 && message->type <= PGRAFT_MESSAGE_KINDS)
		the_layer->counters.sent[message->type - 1]++;
	if (message->type == RAFT_APPEND_ENTRIES && message->append_entries.n_entries == 0)
		the_layer->counters.heartbeats_sent++;
	if (message->type == RAFT_INSTALL_SNAPSHOT)
		the_layer->counters.snapshots_sent++;
	return the_layer->original.send(io, req, message, cb);
}

/* Is the newest configuration in what was loaded one with this server as its only voter? */
static bool
is_only_voter(const struct raft_snapshot *snapshot, const struct raft_entry *entries, size_t n)
{
	struct raft_configuration decoded;
	const struct raft_configuration *newest = snapshot != NULL ? &snapshot->configuration : NULL;
	unsigned voters = 0;
	bool self = false;

	raft_configuration_init(&decoded);
	while (n > 0 && entries[n - 1].type != RAFT_CHANGE)
		n--;
	if (n > 0)
	{
		if (raft_configuration_decode(&entries[n - 1].buf, &decoded) != 0)
			return false; /* libraft decodes it again, and reports it */
		newest = &decoded;
	}
	for (unsigned i = 0; newest != NULL && i < newest->n; i++)
	{
		if (newest->servers[i].role != RAFT_VOTER)
			continue;
		voters++;
		self = self || newest->servers[i].id == the_layer->self;
	}
	raft_configuration_close(&decoded);
	return self && voters == 1;
}

/* Begins with the metadata on disk: without them the directory would be taken for one whose state is lost. */
static int
begin_to_join(struct raft_io *io, raft_term *term)
{
	*term = 1;
	return set_term(io, *term);
}

/*
 * A group's only voter leads at once, and libraft leaves the term as it was: two lives of that leader would have the same term, and one
 * term would stand for two promotions.  So each of its starts is a new term.  A server that joins may have been that only voter once.
 */
static int
load(struct raft_io *io, raft_term *term, raft_id *voted_for, struct raft_snapshot **snapshot, raft_index *start_index,
	 struct raft_entry *entries[], size_t *n_entries)
{
	int rc = the_layer->original.load(io, term, voted_for, snapshot, start_index, entries, n_entries);

	if (rc == 0 && the_layer->joining && *term == 0)
		return begin_to_join(io, term);
	if (rc != 0 || !is_only_voter(*snapshot, *entries, *n_entries))
		return rc;
	if (the_layer->joining)
		the_layer->stuck_joining(the_layer->arg);
	*term = (*term > the_layer->least_term ? *term : the_layer->least_term) + 1;
	*voted_for = 0;
	the_layer->counters.elections++;
	return set_term(io, *term);
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

/*
 * libraft takes the index of the first new entry of a message for that of each configuration in it, and then never sees those committed.  So a
 * configuration has to be the first: what is cut off is sent again.
 */
static void
end_before_next_configuration(struct raft_append_entries *append)
{
	for (unsigned i = 1; i < append->n_entries; i++)
		if (append->entries[i].type == RAFT_CHANGE)
			append->n_entries = i;
}

/* A leader hears of no other leader of its term, and who stands for election asks for itself: libraft aborts, or votes for a stranger. */
static bool
is_impossible(struct raft *raft, const struct raft_message *message)
{
	const raft_term leading = raft_state(raft) == RAFT_LEADER ? raft_current_term(raft) : 0;

	switch (message->type)
	{
		case RAFT_APPEND_ENTRIES:
			return message->append_entries.term == leading;
		case RAFT_INSTALL_SNAPSHOT:
			return message->install_snapshot.term == leading;
		case RAFT_REQUEST_VOTE:
			return message->request_vote.candidate_id != message->server_id;
		default:
			return false;
	}
}

static bool
is_for_libraft(struct raft_io *io, const struct raft_message *message)
{
	return the_layer->admits(the_layer->arg, (int32_t) message->server_id) &&
		   !(the_layer->joining && is_for_voters(message)) && !is_impossible(io->data, message);
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
		the_layer->last_seen_ms[message->server_id] = pgraft_now_ms();
	if (is_warming(message))
		return;
	/* libraft would follow a null pointer; started anew, the worker is sent the snapshot again. */
	if (message->type == RAFT_INSTALL_SNAPSHOT && the_layer->snapshot_stored != NULL)
		the_layer->fatal("a snapshot came in while one was being written");
	if (message->type >= 1 && message->type <= PGRAFT_MESSAGE_KINDS)
		the_layer->counters.received[message->type - 1]++;
	if (message->type == RAFT_INSTALL_SNAPSHOT)
		the_layer->counters.snapshots_received++;
	if (message->type == RAFT_APPEND_ENTRIES)
	{
		end_before_next_configuration(&message->append_entries);
		the_layer->leader_heard(the_layer->arg, (int32_t) message->server_id, message->append_entries.term);
	}
	the_layer->recv(io, message);
}

static void
tick(struct raft_io *io)
{
	if (the_layer->pass_tick(the_layer->arg))
		the_layer->tick(io);
}

void
pgraft_io_tick(PgraftIo *layer, struct raft_io *io)
{
	layer->tick(io);
}

static int
start(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick_cb, raft_io_recv_cb recv_cb)
{
	the_layer->tick = tick_cb;
	the_layer->recv = recv_cb;
	return the_layer->original.start(io, msecs, tick, pgraft_io_receive);
}

void
pgraft_io_wrap(PgraftIo *layer, struct raft_io *io)
{
	the_layer = layer;
	layer->original = *io;
	io->load = load;
	io->set_term = set_term;
	io->set_vote = set_vote;
	io->append = append;
	io->truncate = truncate_log;
	io->snapshot_put = snapshot_put;
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
