/*
 * io_private.h
 *	  What the files of the layer share: io.c (messages and time), io_messages.c (what messages may say) and io_storage.c (what is kept on disk).
 */
#ifndef PGRAFT_IO_PRIVATE_H
#define PGRAFT_IO_PRIVATE_H

#include "net/io.h"

/* raft_uv's callbacks carry only the raft_io, whose data and impl are taken: so the one layer of the process stands here. */
extern PgraftIo *pgraft_io_layer;

/* Replaces the functions that read and write the log, the term, the vote and snapshots. */
extern void pgraft_io_wrap_storage(struct raft_io *io);

/* Is this entry on its way to the disk, though the log may no longer have it? */
extern bool pgraft_io_is_being_written(raft_index index, raft_term term);

/* Would this message be libraft's end, or undo what is committed?  No server that follows the rules sends it, or it is sent again. */
extern bool pgraft_io_is_harmful(struct raft *raft, const struct raft_message *message);

/* Change it so that libraft takes it for what it is. */
extern void pgraft_io_adapt_append(const struct raft *raft, struct raft_append_entries *append);

#endif
