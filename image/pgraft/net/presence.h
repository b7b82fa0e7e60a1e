/*
 * presence.h
 *	  Who is there beside the members, and what each server has of Raft: PRESENT, INVITE and REMOVED of core/peer_message.h.
 *
 * A server is linked with its members, with whom it was asked to meet, and with guests: who dials it without being a member is dialled back, for
 * as long as its own link is up.  Each link made is told what there is of Raft here, again whenever that changes, and every second.
 *
 * A server without Raft state joins when it is invited.  One that its group has removed learns of it here, if it has not seen it in the log,
 * and clears its state.
 */
#ifndef PGRAFT_PRESENCE_H
#define PGRAFT_PRESENCE_H

#include <uv.h>

#include "core/peer_message.h"

struct PgraftConsensus;

/* All by node id. */
typedef struct PgraftPresences
{
	uv_timer_t timer;
	PgraftPresence said; /* by this server, last */
	PgraftPresence heard[PGRAFT_MAX_NODES + 1];
	int64_t heard_ms[PGRAFT_MAX_NODES + 1];						  /* 0: nothing, since a link from it was made */
	char guest[PGRAFT_MAX_NODES + 1][PGRAFT_ADDRESS_SIZE];		  /* where who has dialled says that it is; "" */
	char acquaintance[PGRAFT_MAX_NODES + 1][PGRAFT_ADDRESS_SIZE]; /* whom this server was asked to meet; "" */
} PgraftPresences;

/* What a server has said of itself last, and how long ago; NULL: nothing since a link from it was made. */
extern const PgraftPresence *pgraft_presence_of(int32_t node_id, int64_t *age_ms);

/* Is the link to it up?  Otherwise why it could not be made when it was tried last; "": it was not tried, or is being tried. */
extern bool pgraft_presence_linked(int32_t node_id);
extern const char *pgraft_presence_refusal(int32_t node_id);

/* Be connected to a server that is no member yet, until it is forgotten; a member's own address comes first. */
extern void pgraft_presence_meet(int32_t node_id, const char *address);
extern void pgraft_presence_forget(int32_t node_id);

/* Tell a server of that very incarnation that the committed configuration at this index has added it.  Lost without a link: repeat it. */
extern void pgraft_presence_invite(int32_t node_id, uint64_t index, const char *incarnation);

/* The id of this server's group; "" while unknown. */
extern const char *pgraft_own_group(void);

/* May a message of this server be heard?  Not if it is of another group, nor of a stranger that has not said what it is of. */
extern bool pgraft_presence_admits(void *arg, int32_t node_id);

/* For the files of the Raft member. */
extern void pgraft_presence_init(struct PgraftConsensus *g);
extern void pgraft_presence_turn(struct PgraftConsensus *g);
extern void pgraft_presence_name_group(struct PgraftConsensus *g);
extern bool pgraft_new_group_id(const struct PgraftConsensus *g, char *group_id); /* false: no randomness */
extern const char *pgraft_presence_address(const struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_presence_linked_to(struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_presence_link_ended(struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_presence_guest(struct PgraftConsensus *g, int32_t node_id, const char *address);
extern void pgraft_presence_came(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);

#endif
