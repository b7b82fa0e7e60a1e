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
	uint64_t term;								   /* that all this is of */
	PgraftChange change;						   /* that was asked for; what is mended is found anew at each turn */
	bool changing;								   /* libraft has raft_change */
	PgraftStep submitted;						   /* what it has it for */
	bool forgetting;							   /* a REMOVED entry of ours is under way */
	int64_t failed_ms;							   /* when libraft refused a step last; 0: not since the last success */
	uint64_t last_ticket;						   /* of barriers */
	PgraftBarrier wanted;						   /* ticket 0: none */
	PgraftBarrier reached;						   /* ticket 0: none */
	int64_t orphan_since_ms[PGRAFT_MAX_NODES + 1]; /* by node id: in the state, not in the configuration; 0: not so */
	char addresses[PGRAFT_MAX_NODES + 1][PGRAFT_ADDRESS_SIZE]; /* that the configuration had for an id last */
	bool in_touch[PGRAFT_MAX_NODES + 1];
	int64_t invited_ms[PGRAFT_MAX_NODES + 1];
	struct raft_change raft_change;
} PgraftMembership;

/* At each turn of a member: remember what a leader needs to mend. */
extern void pgraft_membership_watch(struct PgraftConsensus *g);

/* At each turn of a leader: the next step of the change under way, or of what is to be mended. */
extern void pgraft_membership_turn(struct PgraftConsensus *g);

/* Begin with a change that is possible, in place of any other; its end comes through pgraft_requests_changed(). */
extern void pgraft_membership_begin(struct PgraftConsensus *g, const PgraftChange *change);

/* Does this server lead and serve, its barrier applied, without anything of ours on its way into the log? */
extern bool pgraft_membership_settled(const struct PgraftConsensus *g);

/* What this server, as the leader, knows. */
extern void pgraft_membership_view(struct PgraftConsensus *g, PgraftMembershipView *view);

/* log.c: the REMOVED entry is committed, or not. */
extern void pgraft_membership_forgotten(struct PgraftConsensus *g);

#endif
