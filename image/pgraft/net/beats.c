/*
 * beats.c
 *	  What the leader tells the others of itself, and what they answer; lease.c is what follows from that.
 *
 * A leader beats once at once and then at each heartbeat interval; the others answer each beat of their own term from the leader that they know,
 * and repeat their report each time.  A report also goes to the leader unasked, as soon as there are a new one, a leader and a link to it: an
 * election should not wait for the next beat.
 */
#include <string.h>

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

/* How far each member is, which only its leader knows; the primary adds how far its data is. */
static void
describe_progress(PgraftConsensus *g, PgraftBeat *beat)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	int64_t now = pgraft_now_ms();

	beat->commit_index = raft_commit_index(&g->raft);
	for (unsigned i = 0; i < configuration->n && i < PGRAFT_MAX_NODES; i++)
	{
		PgraftProgress *progress = &beat->progress[beat->n_progress++];
		raft_id id = configuration->servers[i].id;
		int64_t seen = id <= PGRAFT_MAX_NODES ? g->layer.last_seen_ms[id] : 0;
		raft_index match = 0;

		*progress = (PgraftProgress){.node_id = (int32_t) id, .heard_ms = seen == 0 ? -1 : now - seen, .lag_bytes = -1};
		raft_match_index(&g->raft, id, &match);
		progress->match_index = match;
		if (id == g->raft.id)
			*progress = (PgraftProgress){.node_id = (int32_t) id, .match_index = raft_last_index(&g->raft)};
	}
}

static void
send_beat(PgraftConsensus *g)
{
	PgraftBeats *beats = &g->beats;
	const struct raft_configuration *configuration = &g->raft.configuration;
	PgraftPeerMessage message = {.type = PGRAFT_PEER_BEAT, .term = beats->term, .seq = ++beats->seq};

	memset(&beats->newest, 0, sizeof beats->newest);
	describe_progress(g, &beats->newest);
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

void
pgraft_beats_came(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message)
{
	PgraftBeats *beats = &g->beats;

	follow_raft(g);
	if (message->type == PGRAFT_PEER_ANSWER)
		hear_answer(g, from, message);
	else if (message->term == beats->term && from == beats->leader_id)
		hear_beat(g, from, message);
	else if (message->term >= beats->term)
		keep_early_beat(beats, from, message);
}

void
pgraft_beats_linked_to(PgraftConsensus *g, int32_t node_id)
{
	if (node_id == g->beats.leader_id)
		g->beats.reported = false;
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

void
pgraft_beats_turn(PgraftConsensus *g)
{
	follow_raft(g);
	if (leads(g) && g->beats.leading_since_ms == 0)
		begin_to_lead(g);
	else if (!leads(g))
		uv_timer_stop(&g->beats.timer);
	hear_early_beat(g);
	report_unasked(g);
	pgraft_lease_turn(g);
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
	uv_timer_init(g->loop, &g->beats.timer);
	g->beats.timer.data = g;
}
