/*
 * peer_frame.h
 *	  The frame that the tests of peer messages encode into and decode from.
 */
#ifndef PEER_FRAME_H
#define PEER_FRAME_H

#include "core/peer_message.h"

#include "check.h"
#include "fixtures.h"

static uint8_t frame[PGRAFT_PEER_FRAME_SIZE];
static uint8_t *const payload = frame + PGRAFT_PEER_HEADER_SIZE;

/* Size of the payload, from memory of exactly that size. */
static inline bool
decode(size_t size, PgraftPeerMessage *message)
{
	const char *why = NULL;
	uint8_t *copy = exact_copy(payload, size);
	bool decoded = pgraft_peer_message_decode(copy, size, message, &why);

	CHECK(decoded == (why == NULL));
	free(copy);
	return decoded;
}

static inline size_t
encode(const PgraftPeerMessage *message)
{
	size_t size = pgraft_peer_message_encode(message, frame, sizeof(frame));

	return size < PGRAFT_PEER_HEADER_SIZE ? 0 : size - PGRAFT_PEER_HEADER_SIZE;
}

/* Whatever decodes must be what some server would have sent: encoded again it gives the same bytes. */
static inline void
decode_and_encode_again(size_t size)
{
	static uint8_t again[PGRAFT_PEER_FRAME_SIZE];
	PgraftPeerMessage message;

	if (!decode(size, &message))
		return;
	CHECK_INT(pgraft_peer_message_encode(&message, again, sizeof(again)), size + PGRAFT_PEER_HEADER_SIZE);
	CHECK_BYTES(again + PGRAFT_PEER_HEADER_SIZE, payload, size);
}

#endif
