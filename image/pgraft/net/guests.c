/*
 * guests.c
 *	  Whom to be linked with beside the members (net/presence.h).
 */
#include <stdio.h>

#include "net/consensus_private.h"

void
pgraft_presence_guest(PgraftConsensus *g, int32_t node_id, const char *address)
{
	if (pgraft_peer_possible(node_id))
		snprintf(g->presences.guest[node_id], PGRAFT_ADDRESS_SIZE, "%s", address);
}

void
pgraft_presence_link_ended(PgraftConsensus *g, int32_t node_id)
{
	if (g->peers.from[node_id].stream == NULL)
		g->presences.heard_ms[node_id] = 0;
}

/*
 * Two servers shall not stay linked only because each answers the other: a member lets go of a guest that waits, unless it was asked to
 * meet it, and the one that waits answers.
 */
static bool
is_welcome(const PgraftConsensus *g, int32_t node_id)
{
	if (g->peers.from[node_id].stream == NULL)
		return false;
	return !g->running || g->presences.heard_ms[node_id] == 0 || g->presences.heard[node_id].formed;
}

const char *
pgraft_presence_address(const PgraftConsensus *g, int32_t node_id)
{
	if (g->presences.acquaintance[node_id][0] != '\0')
		return g->presences.acquaintance[node_id];
	return is_welcome(g, node_id) ? g->presences.guest[node_id] : "";
}

bool
pgraft_presence_linked(int32_t node_id)
{
	return pgraft_peer_possible(node_id) && pgraft_group.peers.to[node_id].stream != NULL;
}

const char *
pgraft_presence_refusal(int32_t node_id)
{
	return pgraft_peer_possible(node_id) ? pgraft_group.peers.to[node_id].failure : "";
}

void
pgraft_presence_meet(int32_t node_id, const char *address)
{
	if (pgraft_peer_possible(node_id))
		snprintf(pgraft_group.presences.acquaintance[node_id], PGRAFT_ADDRESS_SIZE, "%s", address);
}

void
pgraft_presence_forget(int32_t node_id)
{
	pgraft_presence_meet(node_id, "");
}
