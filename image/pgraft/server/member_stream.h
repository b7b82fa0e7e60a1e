/*
 * member_stream.h
 *	  The streams of the standbys that follow this primary's promotion, by the names under which they were admitted (stream.h).
 */
#ifndef PGRAFT_MEMBER_STREAM_H
#define PGRAFT_MEMBER_STREAM_H

#include "access/xlogdefs.h"

#include "core/types.h"

/* The name is looked up as synchronous_standby_names does it, whatever its case. */
extern uint64 pgraft_stream_hash(const char *name);

/* The name of a standby whose data is not whole: nobody waits for it (safety.md R3). */
extern void pgraft_incomplete_name(int32_t node_id, char *buf, size_t size);

/* Up to where has the standby of this name flushed our WAL, by its own stream?  0: none has this name, or it has not said yet. */
extern XLogRecPtr pgraft_stream_flushed(const char *name);

/* End all of them but those with these hashes.  true: no other is left. */
extern bool pgraft_streams_end_but(const uint64 *kept, int n);

#endif
