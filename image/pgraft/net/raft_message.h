/*
 * raft_message.h
 *	  The bytes of libraft's messages, read by us: libraft's own decoder trusts them.  It reads past the end of a header that is too short, follows a
 *	  null pointer after an entry of an unknown type, and frees a configuration that is none twice (0.22.1, tried); each would end the whole server.
 *
 * A message is a preamble, a header of the length that the preamble says, and a payload of the length that the header says: the data of entries
 * or of a snapshot.  Little-endian, as raft_uv writes it (libraft 0.22).
 */
#ifndef PGRAFT_RAFT_MESSAGE_H
#define PGRAFT_RAFT_MESSAGE_H

#include <raft.h>

#include "core/types.h"

#define PGRAFT_RAFT_PREAMBLE_SIZE 16

/* More than any message has: a whole log of the largest settings, sent at once. */
#define PGRAFT_RAFT_HEADER_MAX	((size_t) 64 << 20)
#define PGRAFT_RAFT_PAYLOAD_MAX ((size_t) 1 << 30)

typedef struct PgraftRaftPreamble
{
	uint8_t type;
	uint8_t version;
	size_t header_size;
} PgraftRaftPreamble;

/* The data of each entry of a payload begins at a multiple of 8 bytes. */
static inline size_t
pgraft_raft_padded(size_t size)
{
	return (size + 7) / 8 * 8;
}

/* All return false with a reason (static text) in *why if the bytes are no such thing. */
extern bool pgraft_raft_preamble_decode(const uint8_t *bytes, PgraftRaftPreamble *preamble, const char **why);

/* What the message brings along (entries, a configuration) is the caller's afterwards, until libraft or pgraft_raft_message_drop has it. */
extern bool pgraft_raft_header_decode(const PgraftRaftPreamble *preamble, const uint8_t *header,
									  struct raft_message *message, size_t *payload_size, const char **why);

/* The message is whole.  The payload (raft_malloc, NULL if there is none) is the message's afterwards, whatever this returns. */
extern bool pgraft_raft_payload_take(struct raft_message *message, uint8_t *payload, const char **why);

/* Free what a message has brought along, and forget it. */
extern void pgraft_raft_message_drop(struct raft_message *message);

#endif
