/*
 * io.h
 *	  A thin layer around raft_uv's struct raft_io: it sees every message and turns disk errors into a clean end of the worker.
 *
 * libraft asserts that set_term and set_vote succeed; an abort of a worker would restart the whole server.  So the layer calls fatal() (which
 * does not return) before libraft sees such an error.  The functions of the given raft_io are replaced in place: raft_uv keeps
 * pointers to it.
 */
#ifndef PGRAFT_IO_H
#define PGRAFT_IO_H

#include <raft.h>

#include "net/promises.h"
#include "net/status.h"

typedef struct PgraftIo
{
	struct raft_io original; /* raft_uv's functions */
	raft_io_tick_cb tick;	 /* libraft's */
	raft_io_recv_cb recv;
	raft_io_snapshot_put_cb snapshot_stored; /* libraft's, while a snapshot is being written */
	PgraftCounters counters;
	int64_t last_seen_ms[PGRAFT_MAX_NODES + 1]; /* by node id */
	raft_id self;
	bool joining;		  /* safety.md R4: has not applied yet what added it, so that it neither votes nor takes over */
	raft_term least_term; /* an only voter starts above it */
	raft_term stored_term; /* in libraft's files, with the vote in it */
	raft_id stored_vote;
	PgraftPromises promises;	  /* open: libraft's files have to keep them */
	struct PgraftAppend *appends; /* on their way to the disk */
	raft_index log_end;			  /* the last entry, on disk or on its way there */
	raft_index snapshot_end;	  /* that the snapshot being written replaces the log up to; 0: it does not */
	bool (*pass_tick)(void *arg); /* shall libraft see this tick? */
	bool (*admits)(void *arg, int32_t node_id); /* and a message of this server? */
	void (*leader_heard)(void *arg, int32_t node_id, raft_term term);
	void (*stuck_joining)(
		void *arg); /* what was replayed makes a joining server its group's only voter; does not return */
	void (*untrusted)(void *arg, const char *why); /* what was loaded is not what was written; does not return */
	void (*fatal)(const char *message);
	void *arg;
} PgraftIo;

/* All but what it counts and keeps for itself is set by the caller; one layer a process. */
extern void pgraft_io_wrap(PgraftIo *layer, struct raft_io *io);

/* A message of a peer, checked (raft_message.h); what it brings along is libraft's afterwards. */
extern void pgraft_io_receive(struct raft_io *io, struct raft_message *message);

/* Let libraft look at the clock now, as with every tick. */
extern void pgraft_io_tick(PgraftIo *layer, struct raft_io *io);

/* Sends something that the receiver's libraft ignores (a vote result of term 0), so that the stream to it stays warm. */
extern void pgraft_io_warm(PgraftIo *layer, struct raft_io *io, raft_id id, const char *address);

#endif
