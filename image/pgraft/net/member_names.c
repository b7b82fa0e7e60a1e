/*
 * member_names.c
 *	  What the log says of a member beside libraft's configuration: its name, PostgreSQL's port, and the incarnation of its data.
 *
 * Every server learns these from the authenticated greetings; the leader commits what the log does not have yet.  A member that comes
 * with another incarnation has other data than the one that was counted: it is not renamed but has to be removed and added anew
 * (safety.md R4).  The leader does so by itself when that one has no Raft state either; if it has, somebody exchanged the data by hand.
 */
#include <stdio.h>
#include <string.h>

#include "net/consensus_private.h"

static void
log_mismatch(const PgraftIdentity *peer)
{
	char message[256];
	int64_t age_ms;
	const PgraftPresence *presence = pgraft_presence_of(peer->node_id, &age_ms);

	if (pgraft_group.mismatch_logged[peer->node_id] || presence == NULL || !presence->formed)
		return;
	pgraft_group.mismatch_logged[peer->node_id] = true;
	snprintf(message, sizeof message,
			 "member %d (%s) has other data than the member of that id had, but kept its Raft state: remove it and add "
			 "it anew",
			 peer->node_id, peer->name);
	pgraft_group.config.hooks.log(message);
}

void
pgraft_member_names_remember(void *arg, const PgraftIdentity *peer)
{
	(void) arg;
	if (peer->node_id >= 1 && peer->node_id <= PGRAFT_MAX_NODES)
		pgraft_group.met[peer->node_id] = *peer;
}

static bool
log_lacks(const PgraftIdentity *peer)
{
	const PgraftMember *member = pgraft_state_member(&pgraft_group.state, peer->node_id);

	if (member == NULL)
		return true;
	if (member->incarnation[0] != '\0' && strcmp(member->incarnation, peer->incarnation) != 0)
	{
		log_mismatch(peer);
		return false;
	}
	return strcmp(member->incarnation, peer->incarnation) != 0 || strcmp(member->name, peer->name) != 0 ||
		   member->postgres_port != peer->postgres_port;
}

/* Leader, barrier applied: commit the next member's names that the log lacks, one at a time. */
void
pgraft_member_names_propose(void)
{
	static PgraftEntry entry;

	if (pgraft_group.member_pending)
		return;
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		const PgraftIdentity *peer = &pgraft_group.met[id];

		if (peer->node_id == 0 || !pgraft_is_configured(&pgraft_group, id) || !log_lacks(peer))
			continue;
		memset(&entry, 0, sizeof entry);
		entry.type = PGRAFT_ENTRY_MEMBER;
		entry.node_id = id;
		entry.u.member.node_id = id;
		entry.u.member.postgres_port = peer->postgres_port;
		strcpy(entry.u.member.name, peer->name);
		strcpy(entry.u.member.incarnation, peer->incarnation);
		pgraft_group.member_pending = true;
		pgraft_consensus_propose(&entry, PGRAFT_TICKET_MEMBER);
		return;
	}
}
