/*
 * links.c
 *	  With whom this server is linked (net/peers.h), and whose each message is that comes over a link.
 */
#include <string.h>

#include "net/clock.h"
#include "net/consensus_private.h"

/* A server that only says what it has of Raft is not one that takes part: it counts for no majority. */
static void
hear_member(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	g->layer.last_seen_ms[from] = pgraft_now_ms();
	if (message->type == PGRAFT_PEER_BEAT)
		pgraft_detection_heard(g, from, message->term);
	if (message->type == PGRAFT_PEER_REQUEST)
		pgraft_requests_came(g, from, message);
	else if (message->type == PGRAFT_PEER_OUTCOME)
		pgraft_requests_outcome(g, from, message);
	else
		pgraft_beats_came(g, from, message);
}

static void
message_came(void *arg, int32_t from, const PgraftPeerMessage *message)
{
	PgraftConsensus *g = arg;

	switch (message->type)
	{
		case PGRAFT_PEER_PRESENT:
		case PGRAFT_PEER_INVITE:
		case PGRAFT_PEER_REMOVED:
			pgraft_presence_came(g, from, message);
			break;
		default:
			if (g->running && pgraft_presence_admits(g, from))
				hear_member(g, from, message);
	}
}

static void
linked_to(void *arg, int32_t node_id)
{
	PgraftConsensus *g = arg;

	pgraft_presence_linked_to(g, node_id);
	pgraft_beats_linked_to(g, node_id);
}

static void
link_ended(void *arg, int32_t node_id)
{
	PgraftConsensus *g = arg;

	pgraft_presence_link_ended(g, node_id);
	pgraft_detection_link_ended(g, node_id);
}

void
pgraft_consensus_stream_ended(void)
{
	pgraft_detection_stream_ended(&pgraft_group);
}

bool
pgraft_is_configured(const PgraftConsensus *g, int32_t node_id)
{
	const struct raft_configuration *configuration = &g->raft.configuration;

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == (raft_id) node_id)
			return true;
	return false;
}

void
pgraft_links_turn(PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	const char *addresses[PGRAFT_MAX_NODES + 1];

	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		addresses[id] = pgraft_presence_address(g, id);
	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id <= PGRAFT_MAX_NODES)
			addresses[configuration->servers[i].id] = configuration->servers[i].address;
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		pgraft_peers_connect(&g->peers, id, id == g->config.self.node_id ? "" : addresses[id]);
}

static void
init_peers(PgraftConsensus *g)
{
	const PgraftPeersConfig config = {
		.loop = g->loop,
		.transport = g->transport,
		.message = message_came,
		.link_made = linked_to,
		.link_ended = link_ended,
		.log = g->config.hooks.log,
		.errors = &g->layer.counters.errors,
		.arg = g,
	};

	pgraft_peers_init(&g->peers, &config);
}

static void
peer_came(void *arg, int32_t node_id, uv_stream_t *stream)
{
	PgraftConsensus *g = arg;

	if (pgraft_peer_possible(node_id))
		pgraft_presence_guest(g, node_id, g->met[node_id].address);
	pgraft_peers_accept(&g->peers, node_id, stream);
}

static void
raft_message_came(void *arg, struct raft_message *message)
{
	PgraftConsensus *g = arg;

	pgraft_io_receive(&g->io, message);
}

void
pgraft_links_begin(PgraftConsensus *g)
{
	PgraftTransportConfig transport = {
		.self = g->config.self,
		.listen_port = g->config.listen_port,
		.keys = g->config.keys,
		.silence_ms = g->config.election_timeout_ms,
		.crypto = g->config.crypto,
		.log = g->config.hooks.log,
		.peer_met = pgraft_member_names_remember,
		.peer_stream = peer_came,
		.raft_message = raft_message_came,
		.refusals = &g->layer.counters.greetings_refused,
		.silent = &g->layer.counters.connections_silent,
		.arg = g,
	};

	strcpy(transport.listen_host, g->config.listen_host);
	g->transport = pgraft_transport_new(g->loop, &transport);
	if (g->transport == NULL)
		pgraft_consensus_fatal("start the Raft transport", "out of memory");
	if (!pgraft_transport_listen(g->transport))
		pgraft_consensus_fatal("start Raft", pgraft_transport_raft(g->transport)->errmsg);
	pgraft_member_names_remember(g, &g->config.self);
	init_peers(g);
	pgraft_beats_init(g);
	pgraft_detection_init(g);
	pgraft_presence_init(g);
}
