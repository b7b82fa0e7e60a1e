/*
 * presence.h
 *	  Who is there beside the members, and what each server has of Raft: PRESENT, INVITE and REMOVED of core/peer_message.h.
 *
 * A server is linked with its members, with whom it was asked to meet, and with guests: who dials it without being a member is dialled back, for
 * as long as its own link is up.  Each link made is told what there is of Raft here, again whenever that changes, and every second.
 */
#ifndef PGRAFT_PRESENCE_H
#define PGRAFT_PRESENCE_H

#include "core/peer_message.h"

struct PgraftConsensus;

/* What a server has said of itself last, and how long ago; NULL: nothing since a link from it was made. */
extern const PgraftPresence *pgraft_presence_of(int32_t node_id, int64_t *age_ms);

/* Is the link to it up?  Otherwise why it was not made when it was tried last: "" if it was not, or the server did not answer at all. */
extern bool pgraft_presence_linked(int32_t node_id);
extern const char *pgraft_presence_refusal(int32_t node_id);

/* Be connected to a server that is no member yet, until it is forgotten; a member's own address comes first. */
extern void pgraft_presence_meet(int32_t node_id, const char *address);
extern void pgraft_presence_forget(int32_t node_id);

/* Tell a server of that very incarnation that the committed configuration at this index has added it.  Lost without a link: repeat it. */
extern void pgraft_presence_invite(int32_t node_id, uint64_t index, const char *incarnation);

/* This server's own; group_id "" while unknown. */
extern const char *pgraft_own_group(void);

/* May libraft see a message of this server?  Not if it is of another group, nor a vote before this server has caught up to where it was added. */
extern bool pgraft_presence_admits(void *arg, int32_t node_id);

/* For the files of the Raft member. */
extern void pgraft_presence_init(struct PgraftConsensus *g);
extern void pgraft_presence_turn(struct PgraftConsensus *g);
extern void pgraft_presence_linked_to(struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_presence_link_ended(struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_presence_guest(struct PgraftConsensus *g, int32_t node_id, const char *address);
extern void pgraft_presence_came(struct PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);

#endif
