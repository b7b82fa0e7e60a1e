/*
 * detection.c
 *	  See detection.h.
 */
#include "net/detection.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/clock.h"
#include "net/consensus_private.h"

/* One connection to the suspected leader.  Freed when its handle is closed; superseded once it is not g->detection.probe any more. */
typedef struct PgraftProbe
{
	uv_tcp_t tcp;
	uv_connect_t connect;
	PgraftConsensus *g;
	char unexpected[8]; /* nothing is said to who has not greeted */
} PgraftProbe;

static void ask(PgraftConsensus *g);
static int rank(const PgraftConsensus *g);

static void
probe_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
stop_asking(PgraftConsensus *g)
{
	PgraftProbe *probe = g->detection.probe;

	uv_timer_stop(&g->detection.timer);
	g->detection.probe = NULL;
	if (probe != NULL)
		uv_close((uv_handle_t *) &probe->tcp, probe_closed);
}

static void
say_dead(PgraftConsensus *g, const char *why)
{
	const PgraftSuspicion *suspicion = &g->detection.suspicion;
	char message[160];

	g->layer.counters.leader_judged_dead++;
	if (suspicion->by_stream)
		g->layer.counters.leader_suspicions++;
	snprintf(message, sizeof message, "node %d, the leader, is taken for dead: %s (%d ms after its %s)",
			 suspicion->leader, why, (int) (suspicion->judged_ms - suspicion->since_ms),
			 suspicion->by_stream ? "WAL stream ended" : "link was closed");
	g->config.hooks.log(message);
}

/*
 * libraft refuses every vote while it follows a leader, and has no call to stop following one: as it does itself when it becomes a candidate.  The
 * leader's next message makes it follow again.
 */
static void
unfollow(struct raft *raft)
{
	if (raft->state != RAFT_FOLLOWER)
		return;
	raft_free(raft->follower_state.current_leader.address);
	raft->follower_state.current_leader.address = NULL;
	raft->follower_state.current_leader.id = 0;
}

/* A tick at the right moment, not at the next one: the others wait for that long. */
static void
stand_due(uv_timer_t *timer)
{
	PgraftConsensus *g = timer->data;

	pgraft_adjust_timeout(g);
	pgraft_io_tick(&g->layer, &g->io);
}

static void
stand_in_turn(PgraftConsensus *g)
{
	uv_timer_start(&g->detection.timer, stand_due, (uint64_t) (rank(g) * PGRAFT_ONE_BY_ONE_MS + 1), 0);
}

static void
say_lives(PgraftConsensus *g, int32_t leader)
{
	char message[64];

	snprintf(message, sizeof message, "node %d, the leader, lives", leader);
	g->config.hooks.log(message);
}

static void
ask_again_due(uv_timer_t *timer)
{
	ask(timer->data);
}

static void
answered(PgraftConsensus *g, PgraftProbeAnswer answer, const char *why)
{
	PgraftDetection *detection = &g->detection;
	int32_t leader = detection->suspicion.leader;
	PgraftVerdict verdict = pgraft_suspicion_answer(&detection->suspicion, answer, pgraft_now_ms());

	/* Accepted: what becomes of that connection is an answer too; a postmaster that lives would keep it. */
	if (answer == PGRAFT_PROBE_ACCEPTED && verdict == PGRAFT_UNDECIDED)
	{
		if (!detection->suspicion.by_stream)
			uv_timer_stop(&detection->timer);
		return;
	}
	stop_asking(g);
	if (verdict == PGRAFT_ASK)
		uv_timer_start(&detection->timer, ask_again_due, PGRAFT_ASK_AGAIN_MS, 0);
	else if (verdict == PGRAFT_DEAD)
	{
		say_dead(g, why);
		unfollow(&g->raft);
		stand_in_turn(g);
	}
	else if (verdict == PGRAFT_LIVES)
		say_lives(g, leader);
}

static void
no_answer_came(uv_timer_t *timer)
{
	answered(timer->data, PGRAFT_PROBE_NO_ANSWER, "no answer");
}

static void
give_room(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buf)
{
	PgraftProbe *probe = handle->data;

	(void) suggested_size;
	*buf = uv_buf_init(probe->unexpected, sizeof probe->unexpected);
}

static void
connection_ended(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	PgraftProbe *probe = stream->data;

	(void) buf;
	if (nread != 0 && probe == probe->g->detection.probe)
		answered(probe->g, PGRAFT_PROBE_RESET, "");
}

static PgraftProbeAnswer
meaning(int status)
{
	switch (status)
	{
		case 0:
			return PGRAFT_PROBE_ACCEPTED;
		case UV_ECONNREFUSED:
			return PGRAFT_PROBE_REFUSED;
		case UV_ECONNRESET:
		case UV_ECONNABORTED:
		case UV_EPIPE:
			return PGRAFT_PROBE_RESET;
		case UV_ETIMEDOUT:
			return PGRAFT_PROBE_NO_ANSWER;
		default:
			return PGRAFT_PROBE_UNREACHABLE;
	}
}

static void
connected(uv_connect_t *connect, int status)
{
	PgraftProbe *probe = connect->data;

	if (probe != probe->g->detection.probe)
		return;
	if (status == 0 && uv_read_start((uv_stream_t *) &probe->tcp, give_room, connection_ended) != 0)
		status = UV_ECONNRESET;
	answered(probe->g, meaning(status), uv_strerror(status));
}

/* The consensus worker's address, or the postmaster's. */
static struct sockaddr_in
address_to_ask(const PgraftConsensus *g)
{
	const PgraftSuspicion *suspicion = &g->detection.suspicion;
	const PgraftMember *member = pgraft_state_member(&g->state, suspicion->leader);
	struct sockaddr_in address = g->peers.to[suspicion->leader].reached;

	if (suspicion->by_stream && member != NULL)
		address.sin_port = htons(member->postgres_port);
	return address;
}

/* Without memory or descriptors nothing is learned: the election timeout decides. */
static void
ask(PgraftConsensus *g)
{
	PgraftDetection *detection = &g->detection;
	PgraftProbe *probe = calloc(1, sizeof *probe);
	struct sockaddr_in address = address_to_ask(g);

	stop_asking(g);
	if (probe == NULL)
		return;
	probe->g = g;
	if (uv_tcp_init(g->loop, &probe->tcp) != 0)
	{
		free(probe);
		return;
	}
	probe->tcp.data = probe->connect.data = probe;
	detection->probe = probe;
	if (uv_tcp_connect(&probe->connect, &probe->tcp, (const struct sockaddr *) &address, connected) != 0)
		stop_asking(g);
	else
		uv_timer_start(&detection->timer, no_answer_came, pgraft_no_answer_ms(g->config.heartbeat_interval_ms), 0);
}

static bool
is_voter(const PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == g->raft.id)
			return configuration->servers[i].role == RAFT_VOTER;
	return false;
}

static void
suspect(PgraftConsensus *g, int32_t leader)
{
	PgraftDetection *detection = &g->detection;
	char message[64];

	snprintf(message, sizeof message, "the link to the leader, node %d, was closed", leader);
	g->config.hooks.log(message);
	g->layer.counters.leader_suspicions++;
	if (pgraft_suspicion_raise(&detection->suspicion, leader, pgraft_term(raft_current_term(&g->raft)),
							   pgraft_now_ms()) == PGRAFT_ASK)
		ask(g);
}

/* Whose death this server would vote about: the leader that it follows and was linked with; 0: nobody's. */
static int32_t
leader_to_ask(PgraftConsensus *g)
{
	raft_id leader = 0;
	const char *address;

	if (!g->running || g->stopping || raft_state(&g->raft) != RAFT_FOLLOWER || !is_voter(g))
		return 0;
	raft_leader(&g->raft, &leader, &address);
	return leader != 0 && g->peers.to[leader].reached.sin_family != 0 ? (int32_t) leader : 0;
}

void
pgraft_detection_link_ended(PgraftConsensus *g, int32_t node_id)
{
	if (node_id != 0 && leader_to_ask(g) == node_id)
		suspect(g, node_id);
}

void
pgraft_detection_stream_ended(PgraftConsensus *g)
{
	int32_t leader = leader_to_ask(g);

	if (leader != 0 && pgraft_state_member(&g->state, leader) != NULL &&
		pgraft_suspicion_raise_by_stream(&g->detection.suspicion, leader, pgraft_term(raft_current_term(&g->raft)),
										 pgraft_now_ms()) == PGRAFT_ASK)
		ask(g);
}

void
pgraft_detection_heard(PgraftConsensus *g, int32_t from, uint64_t term)
{
	PgraftDetection *detection = &g->detection;
	int64_t now = pgraft_now_ms();

	if (term != pgraft_term(raft_current_term(&g->raft)) || from == g->config.self.node_id)
		return;
	pgraft_silence_hear(&detection->silence, from, term, now);
	g->layer.counters.longest_leader_silence_ms = (uint64_t) detection->silence.longest_ms;
	if (pgraft_suspicion_hear(&detection->suspicion, from, term, now) != PGRAFT_LIVES)
		return;
	stop_asking(g);
	say_lives(g, from);
}

/* How many of the other voters come before this one: those that it is linked with, and the suspected leader is none of them. */
static int
rank(const PgraftConsensus *g)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	int before = 0;

	for (unsigned i = 0; i < configuration->n; i++)
	{
		const struct raft_server *server = &configuration->servers[i];

		before += server->role == RAFT_VOTER && server->id < g->raft.id &&
				  server->id != (raft_id) g->detection.suspicion.leader && g->peers.to[server->id].stream != NULL;
	}
	return before;
}

unsigned
pgraft_detection_timeout(const PgraftConsensus *g)
{
	unsigned usual = g->config.election_timeout_ms;
	unsigned hurried =
		pgraft_suspicion_timeout(&g->detection.suspicion, rank(g), g->raft.state == RAFT_CANDIDATE, pgraft_now_ms());

	return hurried == 0 || hurried > usual ? usual : hurried;
}

void
pgraft_detection_turn(PgraftConsensus *g)
{
	if (pgraft_suspicion_over(&g->detection.suspicion, pgraft_term(raft_current_term(&g->raft)), pgraft_now_ms()))
		stop_asking(g);
}

void
pgraft_detection_init(PgraftConsensus *g)
{
	uv_timer_init(g->loop, &g->detection.timer);
	g->detection.timer.data = g;
}
