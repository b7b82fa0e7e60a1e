/*
 * status.h
 *	  What the consensus worker publishes about Raft: plain values, copied into shared memory as they are.
 *
 * Times are milliseconds of CLOCK_BOOTTIME.  Terms are ours (core/types.h), indexes libraft's.
 */
#ifndef PGRAFT_STATUS_H
#define PGRAFT_STATUS_H

#include "core/keys.h"
#include "core/types.h"

typedef enum PgraftRaftRole
{
	PGRAFT_RAFT_UNAVAILABLE = 0, /* not formed, or not running */
	PGRAFT_RAFT_FOLLOWER,
	PGRAFT_RAFT_CANDIDATE,
	PGRAFT_RAFT_LEADER
} PgraftRaftRole;

/* Kinds of messages, as libraft numbers them from 1. */
#define PGRAFT_MESSAGE_KINDS 8

typedef struct PgraftPeerStatus
{
	int32_t node_id;
	char address[PGRAFT_ADDRESS_SIZE];
	bool voter;			  /* otherwise it was added, and catches up, or was left so by a leader that died */
	uint64_t match_index; /* leader only, 0 elsewhere; for the server itself its last index */
	int64_t last_seen_ms; /* when a message of it came in last, 0 never */
	bool reachable;		  /* heard within the election timeout; true for the server itself */
	PgraftReport report;  /* newest one of it; term 0: none, or of an older term than ours */
} PgraftPeerStatus;

typedef struct PgraftCounters
{
	uint64_t sent[PGRAFT_MESSAGE_KINDS];
	uint64_t received[PGRAFT_MESSAGE_KINDS];
	uint64_t heartbeats_sent; /* AppendEntries without entries */
	uint64_t elections;		  /* this server stood */
	uint64_t entries_appended;
	uint64_t entries_applied;
	uint64_t snapshots;		 /* taken */
	uint64_t snapshots_sent; /* to servers that were too far behind */
	uint64_t snapshots_received;
	uint64_t greetings_refused;
	uint64_t connections_silent; /* they came and went without a byte */
	uint64_t errors;
	uint64_t
		leader_suspicions; /* links with the leader that ended while this server followed it, and WAL streams of a dead one */
	uint64_t leader_judged_dead;		/* and the leader was taken for dead */
	uint64_t longest_leader_silence_ms; /* after which that very leader was heard again */
} PgraftCounters;

typedef struct PgraftRaftStatus
{
	PgraftRaftRole role;
	uint64_t term;
	int32_t leader_id;	   /* 0: none known */
	int32_t voted_for;	   /* in term; 0: nobody */
	uint64_t barrier_term; /* newest term of which this server, as its leader, has applied the barrier */
	bool quorum;		   /* leader: a majority answers; follower: a leader is heard */
	uint64_t last_index;
	uint64_t commit_index;
	uint64_t last_applied;
	uint64_t log_entries;		  /* entries on disk behind the newest snapshot and its trailing ones */
	uint64_t snapshot_index;	  /* of the newest snapshot; 0: none */
	PgraftBeat beat;			  /* newest of the leader of term; term 0: none heard */
	int64_t lease_until_ms;		  /* of this server as the leader (core/lease.h); 0: it has none */
	uint64_t configuration_index; /* of the newest configuration, committed or not */
	bool configuration_committed; /* is it? */
	int n_peers;				  /* members, this server included */
	PgraftPeerStatus peers[PGRAFT_MAX_NODES];
	PgraftCounters counters;
	int n_keys; /* that the members prove to each other; the first is in use here */
	uint32_t key_fingerprints[PGRAFT_MAX_KEYS];
} PgraftRaftStatus;

/*
 * safety.md R13: no change of membership before a majority of the voters, and node_id if it is not 0, have flushed the leader's WAL up
 * to a point that was taken after the synchronous setting of this very configuration was in force.
 */
typedef struct PgraftBarrier
{
	uint64_t ticket; /* > 0; a newer one replaces an older one; 0: none wanted */
	uint64_t configuration_index;
	int32_t node_id;
} PgraftBarrier;

#endif
