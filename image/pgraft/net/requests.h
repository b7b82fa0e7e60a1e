/*
 * requests.h
 *	  Changes that are asked for: on this server (they go to the leader), and on the leader by others.
 *
 * A request is known by who asked (node id) and by the ticket there.  Its outcome goes back once.  Nothing is kept of one whose server is gone.
 */
#ifndef PGRAFT_REQUESTS_H
#define PGRAFT_REQUESTS_H

#include <uv.h>

#include "core/membership.h"
#include "core/peer_message.h"

struct PgraftConsensus;

#define PGRAFT_MAX_ASKED 16 /* of this server at a time */
#define PGRAFT_MAX_DOING 32 /* on the leader at a time */

/* Asked on this server, not answered yet. */
typedef struct PgraftAsked
{
	uint64_t ticket; /* 0: free */
	PgraftRequest request;
	int64_t asked_ms;
	uint64_t term;		 /* of the leader that has it; 0: none has */
	int32_t leader;		 /* first asked; it stays the one that a transfer is to leave */
	int32_t holder;		 /* has it now */
	const void *link_to; /* the streams that it went by, and that its answer comes by */
	const void *link_from;
	bool again; /* asked of a second leader */
} PgraftAsked;

/* Being done by this server, the leader. */
typedef struct PgraftDoing
{
	int32_t from;	 /* who asked; 0: free */
	uint64_t ticket; /* there */
	PgraftRequestKind kind;
	int32_t node_id;
	uint64_t proposal; /* ticket of the entry under way; 0: none */
} PgraftDoing;

/* Leadership on its way to another server because somebody asked for it. */
typedef struct PgraftHandOver
{
	int32_t to;		   /* 0: none under way */
	uint64_t term;	   /* that it leaves */
	uint64_t proposal; /* the TRANSFER entry; 0: it is committed, the primary prepares */
	int64_t until_ms;
	bool leave; /* this server is to be removed by the next leader */
} PgraftHandOver;

typedef struct PgraftRequests
{
	PgraftAsked asked[PGRAFT_MAX_ASKED];
	PgraftDoing doing[PGRAFT_MAX_DOING];
	PgraftHandOver hand_over;
	uint64_t last_proposal;
	uint64_t term; /* doing is of this term */
} PgraftRequests;

/* A REQUEST and an OUTCOME from another server. */
extern void pgraft_requests_came(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);
extern void pgraft_requests_outcome(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);

/* At each turn, on every server: who leads now, which links ended, what has taken too long. */
extern void pgraft_requests_turn(struct PgraftConsensus *g);

/* membership.c: the change of this member has ended. */
extern void pgraft_requests_changed(struct PgraftConsensus *g, const PgraftChange *change,
									const PgraftOutcome *outcome);

/* leave.c: libraft has given a transfer up, or finished it; log.c: an entry of ours. */
extern void pgraft_requests_proposal_done(struct PgraftConsensus *g, uint64_t proposal, bool committed);

#endif
