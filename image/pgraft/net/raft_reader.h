/*
 * raft_reader.h
 *	  A stream of libraft's messages from one peer, read piece by piece: no sockets here.
 *
 * The caller asks where the next bytes shall go, and says how many came.  Memory grows with what was received, not with what was announced.
 */
#ifndef PGRAFT_RAFT_READER_H
#define PGRAFT_RAFT_READER_H

#include "net/raft_message.h"

/* A whole message; what it brings along is the receiver's. */
typedef void (*PgraftRaftReceiver)(void *arg, struct raft_message *message);

typedef struct PgraftRaftReader
{
	PgraftRaftReceiver receiver;
	void *arg;
	raft_id from;
	char address[PGRAFT_ADDRESS_SIZE];
	enum
	{
		PGRAFT_RAFT_PREAMBLE = 0,
		PGRAFT_RAFT_HEADER,
		PGRAFT_RAFT_PAYLOAD
	} part;
	uint8_t preamble_bytes[PGRAFT_RAFT_PREAMBLE_SIZE];
	PgraftRaftPreamble preamble;
	uint8_t *bytes; /* of header or payload */
	size_t wanted;	/* of the part */
	size_t room;	/* in bytes */
	size_t filled;
	struct raft_message message; /* while its payload is read */
} PgraftRaftReader;

/* The address is copied. */
extern void pgraft_raft_reader_init(PgraftRaftReader *reader, raft_id from, const char *address,
									PgraftRaftReceiver receiver, void *arg);

/* Where the next bytes go, and how many at most; 0: out of memory. */
extern size_t pgraft_raft_reader_room(PgraftRaftReader *reader, uint8_t **into);

/* n bytes have come there.  false, with a reason (static text) in *why: the stream is of no use any more. */
extern bool pgraft_raft_reader_advance(PgraftRaftReader *reader, size_t n, const char **why);

extern void pgraft_raft_reader_close(PgraftRaftReader *reader);

#endif
