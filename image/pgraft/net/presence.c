/*
 * presence.c
 *	  See presence.h.  Here: what is said and heard; guests.c is whom to be linked with.
 */
#include "net/presence.h"

#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/consensus_private.h"

#define REPEAT_MS 1000

const char *
pgraft_own_group(void)
{
	const PgraftConsensus *g = &pgraft_group;

	if (!g->running)
		return "";
	return g->formed.group_id;
}

/* The newest committed configuration that this server knows of; an invitation to join is knowledge of one. */
static uint64_t
known_index(const PgraftConsensus *g)
{
	uint64_t index = g->raft.configuration_committed_index;

	return index > g->formed.joined_at ? index : g->formed.joined_at;
}

static bool
knows_committed_configuration(const PgraftConsensus *g)
{
	return g->running && !g->layer.joining && g->raft.configuration_uncommitted_index == 0 &&
		   g->raft.configuration_committed_index > g->formed.joined_at;
}

/* ---- saying ---- */

static PgraftPresence
present(const PgraftConsensus *g)
{
	PgraftPresence presence;

	memset(&presence, 0, sizeof presence);
	presence.formed = g->running;
	presence.configuration_index = g->running ? known_index(g) : 0;
	presence.system_identifier = g->config.system_identifier;
	strcpy(presence.group_id, pgraft_own_group());
	strcpy(presence.incarnation, g->config.self.incarnation);
	return presence;
}

static bool
is_same(const PgraftPresence *a, const PgraftPresence *b)
{
	return a->formed == b->formed && a->configuration_index == b->configuration_index &&
		   strcmp(a->group_id, b->group_id) == 0;
}

static void
say(PgraftConsensus *g, int32_t node_id)
{
	PgraftPeerMessage message = {.type = PGRAFT_PEER_PRESENT};

	message.term = g->running ? pgraft_term(raft_current_term(&g->raft)) : 0;
	message.u.presence = present(g);
	pgraft_peers_send(&g->peers, node_id, &message);
}

static void
say_to_all(PgraftConsensus *g)
{
	g->presences.said = present(g);
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		say(g, id);
}

static void
repeat_due(uv_timer_t *timer)
{
	say_to_all(timer->data);
}

void
pgraft_presence_linked_to(PgraftConsensus *g, int32_t node_id)
{
	say(g, node_id);
}

static void
notify(PgraftConsensus *g, PgraftPeerMessageType type, int32_t node_id, uint64_t index, const char *incarnation)
{
	PgraftPeerMessage message = {.type = type};

	message.term = pgraft_term(raft_current_term(&g->raft));
	message.u.notice.index = index;
	snprintf(message.u.notice.group_id, sizeof message.u.notice.group_id, "%s", pgraft_own_group());
	snprintf(message.u.notice.incarnation, sizeof message.u.notice.incarnation, "%s", incarnation);
	pgraft_peers_send(&g->peers, node_id, &message);
}

void
pgraft_presence_invite(int32_t node_id, uint64_t index, const char *incarnation)
{
	notify(&pgraft_group, PGRAFT_PEER_INVITE, node_id, index, incarnation);
}

/* ---- hearing ---- */

static bool
is_own_group(const char *group_id)
{
	return group_id[0] != '\0' && strcmp(group_id, pgraft_own_group()) == 0;
}

static void
hear(PgraftConsensus *g, int32_t from, const PgraftPresence *presence)
{
	g->presences.heard[from] = *presence;
	g->presences.heard_ms[from] = pgraft_now_ms();
	if (presence->formed && is_own_group(presence->group_id) && knows_committed_configuration(g) &&
		pgraft_is_configured(g, g->config.self.node_id) && !pgraft_is_configured(g, from) &&
		g->raft.configuration_committed_index > presence->configuration_index)
		notify(g, PGRAFT_PEER_REMOVED, from, g->raft.configuration_committed_index, "");
}

/* Does not return: the next start finds the mark, clears the state and waits. */
static void
give_up_state(PgraftConsensus *g, const char *why)
{
	int rc = pgraft_formation_give_up(&g->files);

	if (rc != 0)
		pgraft_consensus_fatal("note that this server was removed", strerror(rc));
	pgraft_requests_removed(g);
	g->config.hooks.fatal(why);
}

static void
invited(PgraftConsensus *g, const PgraftMembershipNotice *invitation)
{
	if (!g->running && strcmp(invitation->incarnation, g->config.self.incarnation) == 0)
		pgraft_consensus_join(g, invitation);
}

static void
removed(PgraftConsensus *g, const PgraftMembershipNotice *notice)
{
	if (g->running && is_own_group(notice->group_id) && notice->index > known_index(g))
		give_up_state(g,
					  "this server was removed from its cluster while it was away: it clears its Raft state and waits "
					  "to be added");
}

void
pgraft_presence_came(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	if (message->type == PGRAFT_PEER_PRESENT)
		hear(g, from, &message->u.presence);
	else if (message->type == PGRAFT_PEER_INVITE)
		invited(g, &message->u.notice);
	else
		removed(g, &message->u.notice);
}

const PgraftPresence *
pgraft_presence_of(int32_t node_id, int64_t *age_ms)
{
	const PgraftPresences *presences = &pgraft_group.presences;

	if (!pgraft_peer_possible(node_id) || presences->heard_ms[node_id] == 0)
		return NULL;
	*age_ms = pgraft_now_ms() - presences->heard_ms[node_id];
	return &presences->heard[node_id];
}

bool
pgraft_presence_admits(void *arg, int32_t node_id)
{
	const PgraftConsensus *g = arg;
	int64_t age_ms;
	const PgraftPresence *presence = pgraft_presence_of(node_id, &age_ms);
	const char *own = pgraft_own_group();

	if (presence == NULL)
		return g->raft.configuration.n == 0 || pgraft_is_configured(g, node_id);
	if (presence->group_id[0] == '\0')
		return own[0] == '\0' || pgraft_is_configured(g, node_id);
	return own[0] == '\0' || strcmp(presence->group_id, own) == 0;
}

/* ---- each turn ---- */

bool
pgraft_new_group_id(const PgraftConsensus *g, char *group_id)
{
	uint8_t bytes[(PGRAFT_GROUP_SIZE - 1) / 2];

	if (!g->config.crypto->random(bytes, sizeof bytes))
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(group_id + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

/* The group's own id tells it from one that was formed anew of its servers, or by mistake of the same names and key. */
void
pgraft_presence_name_group(PgraftConsensus *g)
{
	static PgraftEntry entry;

	if (g->state.group_id[0] != '\0' || g->group_named_term == g->barrier_term)
		return;
	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_CONFIG;
	strcpy(entry.u.config.key, "group_id");
	strcpy(entry.u.config.value, g->formed.group_id);
	if (entry.u.config.value[0] == '\0' && !pgraft_new_group_id(g, entry.u.config.value))
		return;
	g->group_named_term = g->barrier_term;
	pgraft_consensus_propose(&entry, PGRAFT_TICKET_LEADER);
}

static void
record(PgraftConsensus *g)
{
	int rc = pgraft_formation_commit(&g->files, &g->formed);

	if (rc != 0)
		pgraft_consensus_fatal("record what this server belongs to", strerror(rc));
}

/* What added this server is applied: durably first, since it votes from then on. */
static void
finish_joining(PgraftConsensus *g)
{
	g->formed.joining = false;
	record(g);
	g->layer.joining = false;
	g->config.hooks.log("joined the cluster: the log is applied up to where it added this server");
}

static void
remember_group(PgraftConsensus *g)
{
	strcpy(g->formed.group_id, g->state.group_id);
	record(g);
}

void
pgraft_presence_turn(PgraftConsensus *g)
{
	PgraftPresence now;

	if (g->running && g->layer.joining && raft_last_applied(&g->raft) >= g->formed.joined_at)
		finish_joining(g);
	if (g->running && g->formed.group_id[0] == '\0' && g->state.group_id[0] != '\0')
		remember_group(g);
	if (knows_committed_configuration(g) && !pgraft_is_configured(g, g->config.self.node_id))
		give_up_state(g, "this server was removed from its cluster: it clears its Raft state and waits to be added");
	now = present(g);
	if (!is_same(&now, &g->presences.said))
		say_to_all(g);
}

void
pgraft_presence_init(PgraftConsensus *g)
{
	uv_timer_init(g->loop, &g->presences.timer);
	g->presences.timer.data = g;
	uv_timer_start(&g->presences.timer, repeat_due, REPEAT_MS, REPEAT_MS);
}
