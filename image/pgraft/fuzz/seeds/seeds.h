/*
 * seeds.h
 *	  What the writers of seeds share.
 */
#ifndef PGRAFT_FUZZ_SEEDS_H
#define PGRAFT_FUZZ_SEEDS_H

#include "core/bytes.h"
#include "fuzz/fuzz.h"

/* <corpus>/<target>/seed-<name> */
extern void save_seed(const char *target, const char *name, const void *bytes, size_t size);

/* messages.c: peer_message; a HELLO of node 2 to node 1. */
extern void write_message_seeds(void);
extern void write_greeting_seeds(void);
extern void put_hello(ByteWriter *w, int kind);
extern void put_beat_frame(ByteWriter *w);

/* log.c: log_entry, state_machine, snapshot */
extern void write_log_seeds(void);

/* raft.c: raft_message, raft_stream, connection */
extern void write_raft_seeds(void);

#endif
