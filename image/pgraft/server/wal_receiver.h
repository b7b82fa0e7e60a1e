/*
 * wal_receiver.h
 *	  Stopping the WAL receiver for good (safety.md R5), hearing of its end, and queries that keep replay from hearing of it (R9).
 */
#ifndef PGRAFT_WAL_RECEIVER_H
#define PGRAFT_WAL_RECEIVER_H

#include <stdbool.h>

/*
 * From _PG_init: its library is loaded with the server, once, instead of by each receiver when the first standby of a new primary is waited for; and
 * the consensus worker hears of each stream that the other side has ended.
 */
extern void pgraft_wal_receiver_preload(void);

/* Asks it to stop; true once there is none.  Does not wait. */
extern bool pgraft_wal_receiver_stop(void);

/* Ends the queries that the startup process waits for, if it does: it hears no reload, and does not promote, meanwhile. */
extern void pgraft_end_conflicts(void);

#endif
