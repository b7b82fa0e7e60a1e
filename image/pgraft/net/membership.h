/*
 * membership.h
 *	  What the leader does to change the configuration (core/membership.h says what comes next), one change at a time.
 */
#ifndef PGRAFT_NET_MEMBERSHIP_H
#define PGRAFT_NET_MEMBERSHIP_H

#include <raft.h>

#include "core/membership.h"
#include "net/status.h"

struct PgraftConsensus;

typedef struct PgraftMembership
{
	uint64_t term; /* that this is of: forgotten with it */
	PgraftChange change;
	int64_t settled_since_ms; /* first time in this term; 0: not yet */
	bool changing;			  /* libraft has raft_change */
	struct raft_change raft_change;
	PgraftStepKind submitted; /* what raft_change is for */
	int32_t submitted_node;
	bool forgetting;	  /* a REMOVED entry of ours is under way */
	uint64_t last_ticket; /* of barriers */
	PgraftBarrier wanted; /* ticket 0: none */
	PgraftBarrier reached;
	int64_t contradicts_since_ms[PGRAFT_MAX_NODES +
								 1]; /* by node id: says it has no Raft state, though it had; 0: does not */
	int64_t invited_ms[PGRAFT_MAX_NODES + 1];
} PgraftMembership;

/* At each turn: the next step of the change under way, or of what is to be mended. */
extern void pgraft_membership_turn(struct PgraftConsensus *g);

/* Begin with a change that was asked for and is possible; its end comes through pgraft_requests_changed(). */
extern void pgraft_membership_begin(struct PgraftConsensus *g, const PgraftChange *change);

/* Is one under way that cannot be put off? */
extern bool pgraft_membership_busy(const struct PgraftConsensus *g);

/* What this server, as the leader, knows. */
extern void pgraft_membership_view(struct PgraftConsensus *g, PgraftMembershipView *view);

/* log.c: the REMOVED entry is committed, or not. */
extern void pgraft_membership_forgotten(struct PgraftConsensus *g);

#endif
