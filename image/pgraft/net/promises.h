/*
 * promises.h
 *	  What this member has promised its peers: a term, a vote in it, and a log that reaches at least so far (safety.md R4).
 *
 * libraft's files do not tell what is missing from them: of a metadata file that is cut short it takes the one before, with an older vote, and
 * of a log whose end is gone what is left.  So what was promised stands a second time beside them, in `promised`, and a member
 * whose files say less than that has lost its Raft state.  It is written when libraft's own write is on disk, without a wait for the disk: after a
 * power failure it may say less than was promised.  Never more: before the log is cut back, the shorter promise is on disk.
 */
#ifndef PGRAFT_PROMISES_H
#define PGRAFT_PROMISES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PgraftPromise
{
	uint64_t term;
	uint64_t vote; /* node id; 0: none in this term */
	uint64_t last; /* index of the last entry that was confirmed */
} PgraftPromise;

typedef struct PgraftPromises
{
	bool open; /* else nothing is kept */
	int fd;
	uint64_t number; /* of the newest line: they are written in turns */
	PgraftPromise kept;
} PgraftPromises;

/* A new file, durably, that promises nothing.  0 or an errno. */
extern int pgraft_promises_begin(PgraftPromises *promises, const char *path);

/* What an earlier run has left.  false, with a reason in why, if that cannot be told any more. */
extern bool pgraft_promises_read(PgraftPromises *promises, const char *path, char *why, size_t why_size);

extern void pgraft_promises_close(PgraftPromises *promises);

/* 0 or an errno. */
extern int pgraft_promises_keep(PgraftPromises *promises, const PgraftPromise *promise);

/* Do libraft's files keep it?  false with a reason in why. */
extern bool pgraft_promise_is_kept(const PgraftPromise *promised, const PgraftPromise *found, char *why,
								   size_t why_size);

#endif
