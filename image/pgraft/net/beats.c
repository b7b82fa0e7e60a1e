/*
 * beats.c
 *	  What the leader tells the others of itself, what they answer, and the lease that follows from it (safety.md R15).
 *
 * A leader beats once at once and then at each heartbeat interval; the others answer each beat of their own term from the leader that they know,
 * and repeat their report each time.  A report also goes to the leader unasked, as soon as there are a new one, a leader and a link to it: an
 * election should not wait for the next beat.
 */
#include <string.h>

#include "core/lease.h"
#include "net/clock.h"
#include "net/consensus_private.h"

static uint64_t
current_term(const PgraftConsensus *g)
{
	return pgraft_term(raft_current_term(&g->raft));
}

static bool
leads(PgraftConsensus *g)
{
	return raft_state(&g->raft) == RAFT_LEADER;
}

static int32_t
known_leader(PgraftConsensus *g)
{
	raft_id id = 0;
	const char *address;

	raft_leader(&g->raft, &id, &address);
	return (int32_t) id;
}

static void
send_beat(PgraftConsensus *g)
{
	PgraftBeats *beats = &g->beats;
	const struct raft_configuration *configuration = &g->raft.configuration;
	PgraftPeerMessage message = {.type = PGRAFT_PEER_BEAT, .term = beats->term, .seq = ++beats->seq};

	memset(&beats->newest, 0, sizeof beats->newest);
	g->config.hooks.own_beat(&beats->newest);
	beats->newest.term = beats->term;
	message.u.beat = beats->newest;
	message.sent_at_ms = pgraft_now_ms();
	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id != g->raft.id)
			pgraft_peers_send(&g->peers, (int32_t) configuration->servers[i].id, &message);
}

static void
beat_due(uv_timer_t *timer)
{
	PgraftConsensus *g = timer->data;

	/* Leadership may have ended in this turn of the loop already. */
	if (leads(g) && g->beats.leading_since_ms != 0 && current_term(g) == g->beats.term)
		send_beat(g);
}

static void
answer(PgraftConsensus *g, int64_t sent_at_ms)
{
	PgraftBeats *beats = &g->beats;
	PgraftPeerMessage message = {.type = PGRAFT_PEER_ANSWER, .term = beats->term, .sent_at_ms = sent_at_ms};

	message.u.report = beats->own_report;
	pgraft_peers_send(&g->peers, beats->leader_id, &message);
}

static void
hear_beat(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	PgraftBeats *beats = &g->beats;

	if (from == g->config.self.node_id)
		return;
	if (message->seq > beats->seq)
	{
		beats->seq = message->seq;
		beats->newest = message->u.beat;
	}
	answer(g, message->sent_at_ms);
}

/* An answer to a beat that this server cannot have sent in this term is none. */
static void
hear_answer(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	PgraftBeats *beats = &g->beats;

	if (beats->leading_since_ms == 0 || message->term != beats->term)
		return;
	if (message->sent_at_ms > beats->answered_ms[from] && message->sent_at_ms >= beats->leading_since_ms &&
		message->sent_at_ms <= pgraft_now_ms())
		beats->answered_ms[from] = message->sent_at_ms;
	if (message->u.report.term == beats->term)
		beats->reports[from] = message->u.report;
}

/* Forget what is of another term; what libraft thinks of term and leader is the measure. */
static void
follow_raft(PgraftConsensus *g)
{
	PgraftBeats *beats = &g->beats;
	int32_t leader = known_leader(g);

	if (beats->term != current_term(g))
	{
		beats->term = current_term(g);
		beats->seq = 0;
		memset(&beats->newest, 0, sizeof beats->newest);
		memset(beats->reports, 0, sizeof beats->reports);
		memset(beats->answered_ms, 0, sizeof beats->answered_ms);
		beats->leading_since_ms = 0;
		beats->reported = false;
	}
	if (!leads(g))
		beats->leading_since_ms = 0;
	if (beats->leader_id != leader)
		beats->reported = false;
	beats->leader_id = leader;
}

/* A new leader's first beat may overtake what tells libraft of that leader: it is heard when libraft knows. */
static void
keep_early_beat(PgraftBeats *beats, int32_t from, const PgraftPeerMessage *message)
{
	beats->early = *message;
	beats->early_from = from;
}

static void
hear_early_beat(PgraftConsensus *g)
{
	PgraftBeats *beats = &g->beats;

	if (beats->early_from == 0 || beats->early.term != beats->term || beats->early_from != beats->leader_id)
		return;
	hear_beat(g, beats->early_from, &beats->early);
	beats->early_from = 0;
}

static void
message_came(void *arg, int32_t from, const PgraftPeerMessage *message)
{
	PgraftConsensus *g = arg;
	PgraftBeats *beats = &g->beats;

	g->layer.last_seen_ms[from] = pgraft_now_ms();
	follow_raft(g);
	if (message->type == PGRAFT_PEER_ANSWER)
		hear_answer(g, from, message);
	else if (message->term == beats->term && from == beats->leader_id)
		hear_beat(g, from, message);
	else if (message->term >= beats->term)
		keep_early_beat(beats, from, message);
}

static void
link_made(void *arg, int32_t to)
{
	PgraftConsensus *g = arg;

	if (to == g->beats.leader_id)
		g->beats.reported = false;
}

static void
link_ended(void *arg, int32_t node_id)
{
	(void) arg;
	(void) node_id;
}

static void
begin_to_lead(PgraftConsensus *g)
{
	g->beats.leading_since_ms = pgraft_now_ms();
	send_beat(g);
	uv_timer_start(&g->beats.timer, beat_due, g->config.heartbeat_interval_ms, g->config.heartbeat_interval_ms);
}

/* Not for longer than to the report's own leader: one of another term waits for the role worker to write a newer one. */
static void
report_unasked(PgraftConsensus *g)
{
	PgraftBeats *beats = &g->beats;
	int32_t leader = beats->leader_id;

	if (beats->reported || leader < 1 || leader > PGRAFT_MAX_NODES || leader == g->config.self.node_id)
		return;
	if (beats->own_report.term != beats->term || g->peers.to[leader].stream == NULL)
		return;
	answer(g, 0);
	beats->reported = true;
}

static int64_t
lease_until(PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	int64_t answered[PGRAFT_MAX_NODES];
	int n = 0;

	if (g->beats.leading_since_ms == 0 || g->barrier_term != g->beats.term)
		return 0;

	/* Elected again before it has stopped as the primary of an older promotion: each term needs one of its own (R17). */
	if (g->beats.newest.promotion_term != 0 && g->beats.newest.promotion_term != g->beats.term)
		return 0;
	for (unsigned i = 0; i < configuration->n && n < PGRAFT_MAX_NODES; i++)
	{
		const struct raft_server *server = &configuration->servers[i];

		if (server->role != RAFT_VOTER)
			continue;
		if (server->id == g->raft.id)
			answered[n++] = pgraft_now_ms();
		else
			answered[n++] = server->id <= PGRAFT_MAX_NODES ? g->beats.answered_ms[server->id] : 0;
	}
	return pgraft_lease_until(answered, n, (int64_t) g->config.election_timeout_ms);
}

static void
renew_lease(PgraftConsensus *g)
{
	int64_t until = lease_until(g);

	if (until == g->beats.lease_until_ms)
		return;
	g->beats.lease_until_ms = until;
	g->config.hooks.publish_lease(until);
}

static void
connect_to_members(PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	const char *addresses[PGRAFT_MAX_NODES + 1] = {0};

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id <= PGRAFT_MAX_NODES && configuration->servers[i].id != g->raft.id)
			addresses[configuration->servers[i].id] = configuration->servers[i].address;
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		pgraft_peers_connect(&g->peers, id, addresses[id] == NULL ? "" : addresses[id]);
}

void
pgraft_beats_turn(PgraftConsensus *g)
{
	connect_to_members(g);
	follow_raft(g);
	if (leads(g) && g->beats.leading_since_ms == 0)
		begin_to_lead(g);
	else if (!leads(g))
		uv_timer_stop(&g->beats.timer);
	hear_early_beat(g);
	report_unasked(g);
	renew_lease(g);
}

/* What is of another term than the status is left out. */
void
pgraft_beats_describe(const PgraftConsensus *g, PgraftRaftStatus *status)
{
	const PgraftBeats *beats = &g->beats;

	if (beats->term != status->term)
		return;
	status->beat = beats->newest;
	status->lease_until_ms = beats->lease_until_ms;
	for (int i = 0; i < status->n_peers; i++)
	{
		PgraftPeerStatus *peer = &status->peers[i];

		if (peer->node_id == g->config.self.node_id)
			peer->report = beats->own_report.term == status->term ? beats->own_report : (PgraftReport){0};
		else if (peer->node_id <= PGRAFT_MAX_NODES)
			peer->report = beats->reports[peer->node_id];
	}
}

void
pgraft_consensus_report(const PgraftReport *report)
{
	PgraftBeats *beats = &pgraft_group.beats;

	if (pgraft_report_equal(report, &beats->own_report))
		return;
	beats->own_report = *report;
	beats->reported = false;
}

void
pgraft_beats_init(PgraftConsensus *g)
{
	const PgraftPeersConfig config = {
		.loop = g->loop,
		.transport = g->transport,
		.message = message_came,
		.link_made = link_made,
		.link_ended = link_ended,
		.log = g->config.hooks.log,
		.errors = &g->layer.counters.errors,
		.arg = g,
	};

	pgraft_peers_init(&g->peers, &config);
	uv_timer_init(g->loop, &g->beats.timer);
	g->beats.timer.data = g;
}
