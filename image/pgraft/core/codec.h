/*
 * codec.h
 *	  The bytes of log entries and snapshots.
 *
 * Little-endian, fixed-width integers; strings as a 16-bit length and the bytes.  An entry starts with a version byte (1),
 * a type byte, and the proposer's clock; a snapshot starts with a magic, a version and a CRC-32 (IEEE) of what follows.
 * Decoders never read past the end, accept nothing that does not fit the struct, and reject trailing bytes: the log may be
 * damaged on disk.  No allocation: callers bring the buffers.
 */
#ifndef PGRAFT_CODEC_H
#define PGRAFT_CODEC_H

#include "core/types.h"

typedef enum PgraftEntryType
{
	PGRAFT_ENTRY_CONFIG = 1,   /* a setting of the cluster */
	PGRAFT_ENTRY_MEMBER = 2,   /* name, port and incarnation of a member */
	PGRAFT_ENTRY_INTENT = 3,   /* a leader is about to promote */
	PGRAFT_ENTRY_RECORD = 4,   /* it has promoted */
	PGRAFT_ENTRY_LEADER = 5,   /* a leader's barrier is applied: an event only */
	PGRAFT_ENTRY_EVENT = 6,	   /* something that is only worth remembering */
	PGRAFT_ENTRY_REMOVED = 7,  /* a member is gone from libraft's configuration: forget its name and incarnation */
	PGRAFT_ENTRY_TRANSFER = 8, /* leadership was asked to go to a member: it may promote while failover is paused */
	PGRAFT_ENTRY_RECOVERED = 9 /* first entry of a group that was formed anew from one server's data: its chain */
} PgraftEntryType;

typedef struct PgraftEntry
{
	PgraftEntryType type;
	int64_t at_ms;	 /* Unix time of the proposer, milliseconds */
	uint64_t term;	 /* the proposer's term (INTENT, RECORD: of the promotion) */
	int32_t node_id; /* the proposer (MEMBER, REMOVED: the member; TRANSFER: to whom; EVENT: of whom) */
	union
	{
		struct
		{
			char key[PGRAFT_NAME_SIZE];
			char value[PGRAFT_VALUE_SIZE];
		} config;
		PgraftMember member;
		struct
		{
			int n_links; /* the promoted server's whole history, oldest first, this promotion last */
			PgraftPromotion links[PGRAFT_MAX_PROMOTIONS];
		} record; /* RECORD, RECOVERED */
		struct
		{
			int32_t type; /* PgraftEventType */
			char detail[PGRAFT_DETAIL_SIZE];
		} event;
	} u;
} PgraftEntry;

/* Upper bound of an encoded entry, bytes. */
#define PGRAFT_ENTRY_MAX_SIZE (64 + PGRAFT_MAX_PROMOTIONS * 28)

/*
 * Encode into buf (size bytes); returns the number of bytes written, 0 if it does not fit or a value is out of range.
 * For a record whose history has more than fits, encode the newest links (the caller trims).
 */
extern size_t pgraft_entry_encode(const PgraftEntry *entry, uint8_t *buf, size_t size);

/* Returns false, with a reason (static text) in *why, if the bytes are not exactly one entry of a known version and type. */
extern bool pgraft_entry_decode(const uint8_t *buf, size_t size, PgraftEntry *entry, const char **why);

struct PgraftState;
extern size_t pgraft_snapshot_max_size(void);
extern size_t pgraft_snapshot_encode(const struct PgraftState *state, uint8_t *buf, size_t size);
extern bool pgraft_snapshot_decode(const uint8_t *buf, size_t size, struct PgraftState *state, const char **why);

extern uint32_t pgraft_crc32(const uint8_t *buf, size_t size);

#endif
