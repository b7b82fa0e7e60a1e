/*
 * disk.c
 *	  Keeps appends and truncations of the fixture's disk in their order, loses all of it, and keeps a server that has just joined from voting.
 *
 * The fixture truncates at once, but appends after its latency: an append under way would come back behind a truncation that it was
 * before, and a restarted server would read a log that it never had.  libraft's own disk keeps the order.
 */
#include <stdlib.h>

#include "model.h"

#define MAX_UNDER_WAY 64

typedef struct UnderWay
{
	struct raft_io_append *request; /* NULL: free */
	struct raft_io *io;
	raft_io_append_cb done;
	raft_index cut; /* where the log was truncated since; 0: nowhere */
} UnderWay;

static UnderWay under_way[MAX_UNDER_WAY];
static struct raft_io original; /* the same functions for every server */

static void
append_done(struct raft_io_append *request, int status)
{
	for (int i = 0; i < MAX_UNDER_WAY; i++)
	{
		UnderWay append = under_way[i];

		if (append.request != request)
			continue;
		under_way[i].request = NULL;
		if (append.cut != 0)
			(void) original.truncate(append.io, append.cut);
		append.done(request, status);
		return;
	}
	abort();
}

static int
append(struct raft_io *io, struct raft_io_append *request, const struct raft_entry entries[], unsigned n,
	   raft_io_append_cb done)
{
	for (int i = 0; i < MAX_UNDER_WAY; i++)
	{
		if (under_way[i].request != NULL)
			continue;
		under_way[i] = (UnderWay){.request = request, .io = io, .done = done};
		return original.append(io, request, entries, n, append_done);
	}
	abort();
}

static int
truncate_log(struct raft_io *io, raft_index index)
{
	for (int i = 0; i < MAX_UNDER_WAY; i++)
		if (under_way[i].request != NULL && under_way[i].io == io &&
			(under_way[i].cut == 0 || under_way[i].cut > index))
			under_way[i].cut = index;
	return original.truncate(io, index);
}

/* What its Raft directory was is gone: neither log nor term nor vote. */
void
disk_wipe(struct raft_io *io)
{
	(void) original.truncate(io, 1);
	(void) original.set_term(io, 0);
}

/*
 * Its log repeats old configurations, in which it may be a voter still.  Once is enough, and durable: after a restart nothing is applied until
 * somebody leads.
 */
static bool
has_joined(const struct raft_io *io)
{
	const struct raft *raft = io->data;
	Server *s = raft->data;

	if (raft->last_applied >= s->joined_at)
		s->joined_at = 0;
	return s->joined_at == 0;
}

static raft_io_tick_cb tick;
static raft_io_recv_cb receive;

static void
tick_if_joined(struct raft_io *io)
{
	if (has_joined(io))
		tick(io);
}

static void
receive_if_joined(struct raft_io *io, struct raft_message *message)
{
	if (has_joined(io) || (message->type != RAFT_REQUEST_VOTE && message->type != RAFT_TIMEOUT_NOW))
		receive(io, message);
}

static int
start(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick_cb, raft_io_recv_cb recv_cb)
{
	tick = tick_cb;
	receive = recv_cb;
	return original.start(io, msecs, tick_if_joined, receive_if_joined);
}

void
disk_wrap(struct raft_io *io)
{
	if (io->append == append)
		return;
	original = *io;
	io->append = append;
	io->truncate = truncate_log;
	io->start = start;
}
