/*
 * types.h
 *	  The values that all rooms of the extension share: members, promotions, positions.
 *
 * No postgres.h and no uv.h here: core/ is compiled and tested alone.  WAL positions are plain 64-bit integers
 * (PostgreSQL's XLogRecPtr), timelines 32-bit (TimeLineID), terms 64-bit.
 *
 * Terms are counted as users see them: the first election is term 1.  libraft counts one more, because it writes the
 * configuration of a new cluster as an entry of its own term 1, in which nobody leads (docs/decisions/0004).  Only
 * net/ knows libraft's number; everything else, log entries and files included, has ours.
 */
#ifndef PGRAFT_TYPES_H
#define PGRAFT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PGRAFT_MAX_NODES		9
#define PGRAFT_NAME_SIZE		64	/* including the NUL */
#define PGRAFT_ADDRESS_SIZE		264 /* host:port, including the NUL */
#define PGRAFT_INCARNATION_SIZE 33	/* 16 random bytes in hex, and the NUL */
#define PGRAFT_VALUE_SIZE		256 /* a setting's value, including the NUL */
#define PGRAFT_DETAIL_SIZE		128 /* an event's detail, including the NUL */
#define PGRAFT_GROUP_SIZE		33	/* the Raft group's random id: 16 bytes in hex, and the NUL */
#define PGRAFT_MAX_PROMOTIONS	512 /* newest kept */
#define PGRAFT_MAX_EVENTS		128 /* newest kept */

/* What the log knows of a member beside libraft's configuration (id, address, role). */
typedef struct PgraftMember
{
	int32_t node_id; /* > 0 */
	uint16_t postgres_port;
	char name[PGRAFT_NAME_SIZE];
	char incarnation[PGRAFT_INCARNATION_SIZE]; /* of its data, "" while unknown */
} PgraftMember;

/*
 * One promotion: an intent while timeline is 0, a record afterwards.  As a link of a chain it says where timeline
 * left its parent.
 */
typedef struct PgraftPromotion
{
	uint64_t term; /* of the leader who promoted; unique */
	int32_t node_id;
	uint32_t timeline; /* 0: intent without record */
	uint32_t parent;   /* timeline it left */
	uint64_t fork_lsn; /* where it left it; 0 while unknown */
} PgraftPromotion;

/* Where a server's data ends, comparable between servers: by term, then by LSN, never by timeline number (safety.md R1). */
typedef struct PgraftPosition
{
	uint64_t term; /* of the last promotion that its WAL is of; 0: before the first */
	uint64_t lsn;  /* end of that WAL */
} PgraftPosition;

/* As many of the newest links as a report carries. */
#define PGRAFT_REPORT_LINKS 8

/* What a server says of its data to the leader of a term, after it has stopped streaming for that term (S2, R2, R3, R5). */
typedef struct PgraftReport
{
	uint64_t term;		/* that it is frozen for; 0: no report */
	uint64_t end_lsn;	/* end of the valid WAL on its disk */
	bool witness;		/* of data that it has given up: counted, never promoted (R3) */
	bool wants_rejoin;	/* it has to stop, Raft and all, to have its data rewound or cloned */
	bool short_of_room; /* its disk is nearly full: a primary in need does not hand leadership over to it (R21) */
	int n_links;
	PgraftPromotion links[PGRAFT_REPORT_LINKS]; /* the newest of its chain, oldest first */
} PgraftReport;

/* What only the leader, or the primary, knows of a member: told to the others with each beat. */
typedef struct PgraftProgress
{
	int32_t node_id;
	uint64_t match_index; /* of its Raft log */
	int64_t heard_ms;	  /* so long ago, milliseconds; -1: never */
	int64_t lag_bytes;	  /* WAL that it has not flushed yet; -1: unknown, it does not stream */
} PgraftProgress;

/* What a leader tells of itself with each of its beats. */
typedef struct PgraftBeat
{
	uint64_t term;
	uint64_t promotion_term; /* of the promotion that it serves as the primary; 0 while it does not */
	uint64_t flush_lsn;		 /* of the primary; 0 while it is none */
	int32_t rejoin_node;	 /* the server that may stop to rejoin; 0: none */
	uint64_t oldest_lsn;	 /* from where on the primary still has WAL; 0 while it is none, or does not know */
	uint64_t commit_index;	 /* of the leader */
	int n_progress;
	PgraftProgress progress[PGRAFT_MAX_NODES];
} PgraftBeat;

typedef enum PgraftEventType
{
	PGRAFT_EVENT_LEADER_ELECTED = 1,
	PGRAFT_EVENT_PROMOTION_STARTED = 2,
	PGRAFT_EVENT_PROMOTED = 3,
	PGRAFT_EVENT_MEMBER_CHANGED = 4, /* name, port or incarnation of a member */
	PGRAFT_EVENT_CONFIG_CHANGED = 5,
	PGRAFT_EVENT_MEMBER_ADDED = 6, /* a voter from now on */
	PGRAFT_EVENT_MEMBER_REMOVED = 7,
	PGRAFT_EVENT_TRANSFER = 8, /* somebody has asked for it */
	PGRAFT_EVENT_RECOVERED = 9,
	/* those of a single server, told to the others through the log as well */
	PGRAFT_EVENT_STEPPED_DOWN = 10,
	PGRAFT_EVENT_FENCED = 11,
	PGRAFT_EVENT_MAJORITY_LOST = 12,
	PGRAFT_EVENT_WORKER_STARTED = 13
} PgraftEventType;

typedef struct PgraftEvent
{
	int64_t at_ms; /* Unix time, milliseconds, of the server that proposed it */
	uint64_t term;
	int32_t node_id;
	int32_t type; /* PgraftEventType; unknown ones of later versions are kept */
	char detail[PGRAFT_DETAIL_SIZE];
} PgraftEvent;

#endif
