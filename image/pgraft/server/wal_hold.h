/*
 * wal_hold.h
 *	  Keeping WAL from reaching the disk, so that no other server can lack any of what is there.
 *
 * Whoever needs it there waits, uninterruptibly: for as short a time as a hand-over takes.
 */
#ifndef PGRAFT_WAL_HOLD_H
#define PGRAFT_WAL_HOLD_H

#include <stdbool.h>

/* From the role worker.  false: much is being written just now, ask again.  Once true, nothing behind the flush position is on the disk. */
extern bool pgraft_wal_hold(void);
extern void pgraft_wal_release(void);

#endif
