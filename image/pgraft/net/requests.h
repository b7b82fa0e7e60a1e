/*
 * requests.h
 *	  Changes that are asked for: on this server, from where they go to the leader (requests.c), and on the leader (leader_requests.c).
 *
 * A request is known by who asked (node id) and by the ticket there.  Its outcome goes back once.  The leader keeps none whose server is not
 * linked any more, and none of an earlier term: who asked sees the same, and knows as little.
 */
#ifndef PGRAFT_REQUESTS_H
#define PGRAFT_REQUESTS_H

#include "core/membership.h"
#include "core/peer_message.h"

struct PgraftConsensus;

#define PGRAFT_MAX_ASKED 16 /* of this server at a time */
#define PGRAFT_MAX_DOING 64 /* on the leader at a time */

/* Asked on this server, not answered yet. */
typedef struct PgraftAsked
{
	uint64_t ticket; /* 0: free */
	PgraftRequest request;
	int64_t since_ms; /* it was asked, or its leader was lost, and another one is waited for */
	int32_t holder;	  /* the leader that has it; 0: none has */
	uint64_t term;	  /* of that leader */
	int32_t
		leaving; /* the leader that leadership is to leave: one that is removed, or asked to transfer; 0: not such a request */
	bool again;			 /* that leader has lost leadership since; a removal is handed to the next one */
	const void *link_to; /* the streams that it went by, and that its answer comes by */
	const void *link_from;
} PgraftAsked;

/* Being done by this server, the leader. */
typedef struct PgraftDoing
{
	uint64_t ticket; /* of who asked; 0: free */
	int32_t from;
	const void *link; /* that it came by */
	PgraftRequest request;
	bool begun;
	int64_t since_ms;
	uint64_t proposal; /* ticket of its entry; 0: none */
} PgraftDoing;

/* Leadership on its way to another server because somebody asked for it. */
typedef struct PgraftHandOver
{
	int32_t to;	   /* 0: none under way */
	uint64_t term; /* that it ends */
	int64_t since_ms;
	bool told; /* the primary was, and not yet that it is over */
} PgraftHandOver;

typedef struct PgraftRequests
{
	PgraftAsked asked[PGRAFT_MAX_ASKED];
	PgraftDoing doing[PGRAFT_MAX_DOING];
	uint64_t doing_term;
	uint64_t last_proposal;
	PgraftHandOver hand_over;
} PgraftRequests;

/* A REQUEST and an OUTCOME from another server. */
extern void pgraft_requests_came(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);
extern void pgraft_requests_outcome(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);

/* At each turn, on every server: who leads now, which links ended, what has taken too long. */
extern void pgraft_requests_turn(struct PgraftConsensus *g);

/* This server was removed, and its worker is about to end. */
extern void pgraft_requests_removed(struct PgraftConsensus *g);

/* The end of one that was asked here. */
extern void pgraft_asked_settle(struct PgraftConsensus *g, int32_t holder, uint64_t ticket,
								const PgraftOutcome *outcome);

/* leader_requests.c: begin with it, or refuse it; at each turn of a leader; forget all, since this server does not lead (in that term) any more. */
extern void pgraft_doing_begin(struct PgraftConsensus *g, int32_t from, uint64_t ticket, const PgraftRequest *request);
extern void pgraft_doing_turn(struct PgraftConsensus *g);

/* request_conflicts.c: is it of those that come one at a time?  Is it wrong, impossible, or in conflict with what is under way?  May what is in
 * its way have gone in a moment? */
extern bool pgraft_is_exclusive(PgraftRequestKind kind);
extern bool pgraft_request_refused(struct PgraftConsensus *g, const PgraftRequest *request, PgraftOutcome *outcome);
extern bool pgraft_may_pass(const PgraftRequest *request, const PgraftOutcome *obstacle);

/* An entry of a request is committed, or not; a change of members has ended; a transfer was given up. */
extern void pgraft_requests_proposal_done(struct PgraftConsensus *g, uint64_t proposal, bool committed);
extern void pgraft_requests_changed(struct PgraftConsensus *g, const PgraftChange *change,
									const PgraftOutcome *outcome);
extern void pgraft_requests_stayed(struct PgraftConsensus *g, const PgraftOutcome *outcome);

#endif
