/*
 * wal_room.h
 *	  Room for more WAL (safety.md R21): a primary that finds none panics.
 */
#ifndef PGRAFT_WAL_ROOM_H
#define PGRAFT_WAL_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is the file system of pg_wal nearly full?  It was short of room before: then it takes a little more to be no longer.  *bytes: what is free
 * there.
 */
extern bool pgraft_wal_room_is_short(bool was_short, uint64_t *bytes);

#endif
