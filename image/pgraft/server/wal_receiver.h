/*
 * wal_receiver.h
 *	  Stopping the WAL receiver for good (safety.md R5), and queries that keep replay from hearing of it (R9).
 */
#ifndef PGRAFT_WAL_RECEIVER_H
#define PGRAFT_WAL_RECEIVER_H

#include <stdbool.h>

/* Asks it to stop; true once there is none.  Does not wait. */
extern bool pgraft_wal_receiver_stop(void);

/* Ends the queries that the startup process waits for, if it does: it hears no reload, and does not promote, meanwhile. */
extern void pgraft_end_conflicts(void);

#endif
