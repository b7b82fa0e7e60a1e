/*
 * membership_view.c
 *	  See membership.h: what the leader knows, and keeps in mind for what it may have to mend.
 */
#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/consensus_private.h"

#define FRESH_MS 3000

static uint64_t
current_term(const PgraftConsensus *g)
{
	return pgraft_term(raft_current_term(&g->raft));
}

bool
pgraft_membership_settled(const PgraftConsensus *g)
{
	const PgraftMembership *m = &g->membership;
	uint64_t term = current_term(g);

	return raft_state((struct raft *) &g->raft) == RAFT_LEADER && g->barrier_term == term && g->beats.term == term &&
		   g->beats.newest.promotion_term == term && g->raft.configuration_uncommitted_index == 0 &&
		   raft_last_applied((struct raft *) &g->raft) >= g->raft.configuration_committed_index &&
		   raft_transferee(&g->raft) == 0 && !g->transferring && g->requests.hand_over.to == 0 && !g->stopping &&
		   !m->changing && !m->forgetting;
}

static PgraftMemberRole
role_of(int raft_role)
{
	return raft_role == RAFT_VOTER ? PGRAFT_VOTER : raft_role == RAFT_STANDBY ? PGRAFT_STANDBY : PGRAFT_SPARE;
}

static int64_t
lag_of(const PgraftBeat *beat, int32_t node_id)
{
	for (int i = 0; i < beat->n_progress; i++)
		if (beat->progress[i].node_id == node_id)
			return beat->progress[i].lag_bytes;
	return -1;
}

static void
view_server(PgraftConsensus *g, const struct raft_server *from, PgraftServer *server)
{
	int32_t id = (int32_t) from->id;
	raft_index match = 0;

	server->node_id = id;
	snprintf(server->address, sizeof server->address, "%s", from->address);
	server->role = role_of(from->role);
	server->reachable = from->id == g->raft.id || pgraft_heard_lately(g, from->id, pgraft_now_ms());
	if (from->id == g->raft.id)
		match = raft_last_index(&g->raft);
	else
		raft_match_index(&g->raft, from->id, &match);
	server->match_index = match;
	server->lag_bytes = lag_of(&g->beats.newest, id);
	server->wants_rejoin = id <= PGRAFT_MAX_NODES && g->beats.reports[id].wants_rejoin;
}

static void
view_seen(PgraftConsensus *g, int32_t id, PgraftSeen *seen)
{
	int64_t age_ms = 0;
	const PgraftPresence *presence = pgraft_presence_of(id, &age_ms);
	int64_t orphan_since_ms = g->membership.orphan_since_ms[id];

	if (pgraft_presence_linked(id))
		strcpy(seen->address, g->peers.to[id].address);
	else
		snprintf(seen->refusal, sizeof seen->refusal, "%s", pgraft_presence_refusal(id));
	strcpy(seen->advertised, g->presences.guest[id]);
	seen->orphaned_ms = orphan_since_ms == 0 ? 0 : pgraft_now_ms() - orphan_since_ms;
	if (presence == NULL || age_ms > FRESH_MS)
		return;
	seen->fresh = true;
	seen->formed = presence->formed;
	seen->same_group = presence->group_id[0] == '\0' || strcmp(presence->group_id, pgraft_own_group()) == 0;
	seen->system_identifier = presence->system_identifier;
	strcpy(seen->incarnation, presence->incarnation);
}

void
pgraft_membership_view(PgraftConsensus *g, PgraftMembershipView *view)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	const PgraftMembership *m = &g->membership;

	memset(view, 0, sizeof *view);
	view->now_ms = pgraft_now_ms();
	view->self = g->config.self.node_id;
	view->system_identifier = g->config.system_identifier;
	view->settled = pgraft_membership_settled(g);
	view->quorum = g->published.quorum;
	view->configuration_index = g->raft.configuration_committed_index;
	if (m->term == current_term(g) && m->reached.ticket != 0)
	{
		view->barrier_index = m->reached.configuration_index;
		view->barrier_node = m->reached.node_id;
	}
	for (unsigned i = 0; i < configuration->n && i < PGRAFT_MAX_NODES; i++)
		view_server(g, &configuration->servers[i], &view->servers[view->n_servers++]);
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		view_seen(g, id, &view->seen[id]);
	view->state = &g->state;
}

static const char *
configured_address(const PgraftConsensus *g, int32_t node_id)
{
	const struct raft_configuration *configuration = &g->raft.configuration;

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == (raft_id) node_id)
			return configuration->servers[i].address;
	return NULL;
}

/* One that was removed because it lost its state is to be added anew: nobody else keeps in touch with it. */
static void
keep_in_touch(PgraftConsensus *g, int32_t node_id, bool orphan)
{
	PgraftMembership *m = &g->membership;

	if (orphan && raft_state(&g->raft) == RAFT_LEADER)
	{
		if (!m->change.asked || m->change.node_id != node_id)
			pgraft_presence_meet(node_id, m->addresses[node_id]);
		m->in_touch[node_id] = true;
	}
	else if (m->in_touch[node_id])
	{
		pgraft_presence_forget(node_id);
		m->in_touch[node_id] = false;
	}
}

void
pgraft_membership_watch(PgraftConsensus *g)
{
	PgraftMembership *m = &g->membership;

	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		const char *address = configured_address(g, id);
		bool orphan = address == NULL && pgraft_state_member(&g->state, id) != NULL;

		if (address != NULL)
			snprintf(m->addresses[id], PGRAFT_ADDRESS_SIZE, "%s", address);
		if (!orphan)
			m->orphan_since_ms[id] = 0;
		else if (m->orphan_since_ms[id] == 0)
			m->orphan_since_ms[id] = pgraft_now_ms();
		keep_in_touch(g, id, orphan);
	}
}
