/*
 * handed_over.h
 *	  Where the WAL of a primary that gave leadership away ends, as far as anybody can have been told of it.
 *
 * From that point on every commit waited at the gate until the server was deposed.  What it wrote all the same, by itself or for transactions
 * that never committed, must not make it look ahead of the server that took over: with two voters nobody could be promoted but it.
 */
#ifndef PGRAFT_HANDED_OVER_H
#define PGRAFT_HANDED_OVER_H

#include "access/xlogdefs.h"

/* Durably; ERROR if it cannot be written. */
extern void pgraft_handed_over_save(uint64 term, XLogRecPtr end);

/* end, or what was kept for data whose newest promotion is that of term. */
extern XLogRecPtr pgraft_handed_over_limit(uint64 term, XLogRecPtr end);

#endif
