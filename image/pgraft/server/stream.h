/*
 * stream.h
 *	  Whose stream of WAL confirms commits (safety.md R10).
 */
#ifndef PGRAFT_STREAM_H
#define PGRAFT_STREAM_H

#include "libpq/libpq-be.h"

/*
 * For a walsender that has just been authenticated.  One that says which promotion it follows (pgraft.follow_term) is of a standby of ours, and
 * confirms under its name, which no other may use meanwhile; any other may stream, and confirms nothing.  FATAL when the name is in use,
 * or when this server is not the primary of that promotion.
 */
extern void pgraft_stream_admit(const Port *port);

#endif
