/*
 * peer_message.h
 *	  What servers tell each other beside libraft's messages, over links of their own (net/peers.h): bytes only, no sockets.
 *
 * Each message is a frame: its length (32 bits, little-endian) and that many bytes.  The leader sends beats; the others answer them with
 * what they have reported of their data.  Decoding is strict, as in codec.h: no read past the end, nothing that does not fit, no trailing bytes.
 */
#ifndef PGRAFT_PEER_MESSAGE_H
#define PGRAFT_PEER_MESSAGE_H

#include "core/types.h"

#define PGRAFT_PEER_HEADER_SIZE	 4
#define PGRAFT_PEER_MESSAGE_SIZE 1024 /* the most that a frame holds behind its header */
#define PGRAFT_PEER_FRAME_SIZE	 (PGRAFT_PEER_HEADER_SIZE + PGRAFT_PEER_MESSAGE_SIZE)

typedef enum PgraftPeerMessageType
{
	PGRAFT_PEER_BEAT = 1,  /* from the leader to everybody */
	PGRAFT_PEER_ANSWER = 2 /* to the leader */
} PgraftPeerMessageType;

typedef struct PgraftPeerMessage
{
	PgraftPeerMessageType type;
	uint64_t term;		/* of the sender; > 0 */
	uint64_t seq;		/* BEAT: counts the beats of its sender; 0 otherwise */
	int64_t sent_at_ms; /* BEAT: by the sender's clock; ANSWER: that of the beat, 0: sent unasked */
	union
	{
		PgraftBeat beat;	 /* its term is that of the message */
		PgraftReport report; /* its term is 0: none */
	} u;
} PgraftPeerMessage;

/* A whole frame into buf; its size, or 0 if it does not fit or a value is out of range. */
extern size_t pgraft_peer_message_encode(const PgraftPeerMessage *message, uint8_t *buf, size_t size);

/* What is behind the frame's header.  false, with a reason (static text) in *why, unless it is exactly one message. */
extern bool pgraft_peer_message_decode(const uint8_t *buf, size_t size, PgraftPeerMessage *message, const char **why);

typedef enum PgraftFrame
{
	PGRAFT_FRAME_PARTIAL = 0, /* more has to come */
	PGRAFT_FRAME_WHOLE,
	PGRAFT_FRAME_IMPOSSIBLE /* no message has that length */
} PgraftFrame;

/* What the received bytes begin with; PGRAFT_FRAME_WHOLE: *message_size bytes of a message behind the header. */
extern PgraftFrame pgraft_peer_frame(const uint8_t *buf, size_t size, size_t *message_size);

extern bool pgraft_report_equal(const PgraftReport *a, const PgraftReport *b);

#endif
