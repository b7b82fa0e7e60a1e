/*
 * disk.c
 *	  Keeps appends and truncations of the fixture's disk in their order.
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

void
disk_wrap(struct raft_io *io)
{
	if (io->append == append)
		return;
	original = *io;
	io->append = append;
	io->truncate = truncate_log;
}
