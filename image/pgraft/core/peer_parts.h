/*
 * peer_parts.h
 *	  What the files of peer_message.h share.
 */
#ifndef PGRAFT_PEER_PARTS_H
#define PGRAFT_PEER_PARTS_H

#include "core/bytes.h"
#include "core/peer_message.h"

/* The part behind the common fields, of every type but BEAT and ANSWER; what cannot be read leaves the reader failed. */
extern bool pgraft_peer_membership_in_range(const PgraftPeerMessage *message);
extern void pgraft_put_peer_membership(ByteWriter *w, const PgraftPeerMessage *message);
extern void pgraft_get_peer_membership(ByteReader *r, PgraftPeerMessage *message);

#endif
