/*
 * peer_message.h
 *	  What servers tell each other beside libraft's messages, over links of their own (net/peers.h): bytes only, no sockets.
 *
 * Each message is a frame: its length (32 bits, little-endian) and that many bytes.  The leader sends beats; the others answer them with
 * what they have reported of their data.  Decoding is strict, as in codec.h: no read past the end, nothing that does not fit, no trailing bytes.
 */
#ifndef PGRAFT_PEER_MESSAGE_H
#define PGRAFT_PEER_MESSAGE_H

#include "core/request.h"
#include "core/types.h"

#define PGRAFT_PEER_HEADER_SIZE	 4
#define PGRAFT_PEER_MESSAGE_SIZE 1536 /* the most that a frame holds behind its header */
#define PGRAFT_PEER_FRAME_SIZE	 (PGRAFT_PEER_HEADER_SIZE + PGRAFT_PEER_MESSAGE_SIZE)

typedef enum PgraftPeerMessageType
{
	PGRAFT_PEER_BEAT = 1,	 /* from the leader to everybody */
	PGRAFT_PEER_ANSWER = 2,	 /* to the leader */
	PGRAFT_PEER_PRESENT = 3, /* to whoever is connected: what there is of Raft on the sender */
	PGRAFT_PEER_INVITE = 4,	 /* from the leader to a server without Raft state, which was added (committed) */
	PGRAFT_PEER_REMOVED = 5, /* from a member to a server that is none: its state is of no use any more */
	PGRAFT_PEER_REQUEST = 6, /* a change asked for on the sender, to the leader */
	PGRAFT_PEER_OUTCOME = 7	 /* and the answer */
} PgraftPeerMessageType;

/* What a server has of Raft.  Sent when a link is made, when it changes, and every second. */
typedef struct PgraftPresence
{
	char group_id[PGRAFT_GROUP_SIZE];		   /* "": not known yet, or no Raft state */
	bool formed;							   /* has Raft state; otherwise it waits to be added */
	uint64_t configuration_index;			   /* formed: where the newest committed configuration stands in its log */
	uint64_t system_identifier;				   /* of its PostgreSQL data; 0: unknown */
	char incarnation[PGRAFT_INCARNATION_SIZE]; /* of its data, as it is now */
} PgraftPresence;

/* An invitation names where the log adds the server: before that it neither votes nor stands.  A removal where the log does not have it any more. */
typedef struct PgraftMembershipNotice
{
	char group_id[PGRAFT_GROUP_SIZE];
	uint64_t index;
	char incarnation[PGRAFT_INCARNATION_SIZE]; /* INVITE: of whom was added; REMOVED: "" */
} PgraftMembershipNotice;

typedef struct PgraftPeerMessage
{
	PgraftPeerMessageType type;
	uint64_t term;		/* of the sender; > 0 in BEAT and ANSWER */
	uint64_t seq;		/* BEAT: counts the beats of its sender; REQUEST, OUTCOME: ticket of the request; 0 otherwise */
	int64_t sent_at_ms; /* BEAT: by the sender's clock; ANSWER: that of the beat, 0: sent unasked */
	union
	{
		PgraftBeat beat;	 /* its term is that of the message */
		PgraftReport report; /* its term is 0: none */
		PgraftPresence presence;
		PgraftMembershipNotice notice; /* INVITE, REMOVED */
		PgraftRequest request;
		PgraftOutcome outcome;
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
