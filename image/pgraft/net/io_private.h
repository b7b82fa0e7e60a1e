/*
 * io_private.h
 *	  What the two files of the layer share: io.c (messages and time) and io_storage.c (what is kept on disk).
 */
#ifndef PGRAFT_IO_PRIVATE_H
#define PGRAFT_IO_PRIVATE_H

#include "net/io.h"

/* raft_uv's callbacks carry only the raft_io, whose data and impl are taken: so the one layer of the process stands here. */
extern PgraftIo *pgraft_io_layer;

/* Replaces the functions that read and write the log, the term, the vote and snapshots. */
extern void pgraft_io_wrap_storage(struct raft_io *io);

#endif
