/*
 * consensus.h
 *	  One member of the Raft group: libraft on a libuv loop, the replicated state machine on top.
 *
 * One thread, one loop, one group a process.  Everything here is called from that thread.  The caller brings the loop and the hooks;
 * fatal() must not return.
 */
#ifndef PGRAFT_CONSENSUS_H
#define PGRAFT_CONSENSUS_H

#include "core/cluster_spec.h"
#include "core/request.h"
#include "core/state_machine.h"
#include "net/status.h"
#include "net/transport.h"

typedef struct PgraftConsensusHooks
{
	void (*log)(const char *message);
	void (*fatal)(const char *message);
	void (*publish_status)(const PgraftRaftStatus *status);
	void (*publish_state)(const PgraftState *state);
	void (*proposal_done)(uint64_t ticket, bool committed);
	void (*publish_lease)(int64_t until_ms); /* whenever it changes; 0: none */
	void (*own_beat)(
		PgraftBeat *beat); /* fill in promotion_term, flush_lsn, rejoin_node, oldest_lsn, and lag_bytes of progress */
	void (*request_done)(uint64_t ticket, const PgraftOutcome *outcome); /* once for each pgraft_consensus_request() */
	void (*want_barrier)(const PgraftBarrier *barrier); /* answered by pgraft_consensus_barrier_reached() */
	void (*want_hand_over)(
		int32_t node_id);		   /* prepare the primary for it, then pgraft_consensus_transfer(); 0: given up */
	void (*lost)(const char *why); /* Raft state that was here is not: stop the server, its entry point mends it */
} PgraftConsensusHooks;

typedef struct PgraftConsensusConfig
{
	char data_dir[PGRAFT_ADDRESS_SIZE * 3];
	PgraftIdentity self;
	uint64_t system_identifier; /* of PostgreSQL's data */
	PgraftClusterSpec initial_cluster;
	char listen_host[64];
	uint16_t listen_port;
	PgraftKeys keys;
	const PgraftCrypto *crypto;
	unsigned election_timeout_ms;
	unsigned heartbeat_interval_ms;
	unsigned snapshot_threshold; /* entries */
	unsigned trailing_entries;
	int n_recover_links; /* the chain of this server's data, oldest first, for a group that is formed anew from it; the caller's */
	const PgraftPromotion *recover_links;
	PgraftConsensusHooks hooks;
} PgraftConsensusConfig;

/*
 * Start as far as the files allow: with Raft state the group is joined; with a formation token and an initial cluster it is formed; with a
 * `recover` file a new group of this server alone is formed from its data, in terms above the one that the file names; otherwise
 * the server waits to be added: it listens, says so to whoever connects, and joins when it is invited; role stays PGRAFT_RAFT_UNAVAILABLE
 * until then.  Errors of the files or the port end in hooks.fatal.
 */
extern void pgraft_consensus_start(uv_loop_t *loop, const PgraftConsensusConfig *config);

/*
 * pgraft_init(): form the group of the initial cluster, or of this server alone if that is empty.  Nothing to do if there is one already.
 * false with a reason in err if it cannot be formed.
 */
extern bool pgraft_consensus_form(char *err, size_t err_size);

/*
 * Propose an entry; its at_ms (except for EVENT), term (except for INTENT, RECORD and EVENT) and node_id (except for MEMBER, REMOVED, TRANSFER
 * and EVENT) are filled in.  hooks.proposal_done comes later, or at once if this server does not lead.  A proposal not reported as committed may still be committed.
 */
extern void pgraft_consensus_propose(PgraftEntry *entry, uint64_t ticket);

/*
 * A change, from this server's SQL functions or its own queue of events: done here if this server leads, else handed to the leader.
 * hooks.request_done comes later, or at once.  A request of a ticket that nobody waits for any more may be forgotten: it may still be done.
 */
extern void pgraft_consensus_request(const PgraftRequest *request, uint64_t ticket);
extern void pgraft_consensus_forget_request(uint64_t ticket);

/* The barrier of this ticket is reached. */
extern void pgraft_consensus_barrier_reached(uint64_t ticket);

/* The primary could not be prepared for the hand-over that hooks.want_hand_over asked for: everything goes on as before. */
extern void pgraft_consensus_hand_over_failed(const char *why);

/* Ask a voter to take over; 0: the one that is furthest.  false: not leader, unknown, or a transfer is under way. */
extern bool pgraft_consensus_transfer(int32_t node_id);

/* This server's report of its data: goes to the leader of its term at once, and again with each answer to a beat. */
extern void pgraft_consensus_report(const PgraftReport *report);

/* The WAL that this server received has stopped coming: is the leader dead? */
extern void pgraft_consensus_stream_ended(void);

/* For every connection that is made from now on. */
extern void pgraft_consensus_use_keys(const PgraftKeys *keys);

/*
 * Leave the loop soon: a leader first hands leadership to the voter that is furthest and was heard lately, for at most half a second.
 */
extern void pgraft_consensus_stop(void);

#endif
