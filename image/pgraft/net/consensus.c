/*
 * consensus.c
 *	  See consensus.h.  Here: start, ticks, what each turn of the loop observes, transfer and stop.
 *
 * Ticks: libraft gets one every 10 ms, so that entries need not wait for a heartbeat; a leader passes on only as many as its heartbeat
 * interval asks for (docs of design.md section 5).  Until the first promotion record only node 1 may stand, so that the first primary
 * is node 1; it stands quickly then, since nobody can contest it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/policy.h"
#include "net/clock.h"
#include "net/consensus_private.h"
#include "net/files.h"

#define TICK_MS					  10
#define WARM_INTERVAL_MS		  250
#define CONNECT_RETRY_MS		  100
#define SEGMENT_SIZE			  (1024 * 1024)
#define FIRST_ELECTION_TIMEOUT_MS 100
#define NEVER_MS				  (24u * 3600 * 1000)
#define STOP_DEADLINE_MS		  500

/* safety.md R4: its vote may have counted for something that it no longer knows. */
#define LOST_STATE \
	"this server has formed its Raft group before and has lost its Raft state: it must not form or vote again; " \
	"remove it from the cluster and add it anew"

PgraftConsensus pgraft_group;

static void
fatal(const char *what, const char *why)
{
	char message[RAFT_ERRMSG_BUF_SIZE + 1200];

	snprintf(message, sizeof message, "could not %s: %s", what, why);
	pgraft_group.config.hooks.fatal(message);
}

static bool
pass_tick(void *arg)
{
	PgraftConsensus *g = arg;

	if (raft_state(&g->raft) != RAFT_LEADER)
		return true;
	return ++g->tick_count % (g->config.heartbeat_interval_ms / TICK_MS) == 0;
}

static unsigned
wanted_timeout(const PgraftConsensus *g)
{
	if (g->established)
		return g->config.election_timeout_ms;
	if (!pgraft_may_stand(&g->state, g->config.self.node_id))
		return NEVER_MS;
	return raft_state((struct raft *) &g->raft) == RAFT_LEADER ? g->config.election_timeout_ms
															   : FIRST_ELECTION_TIMEOUT_MS;
}

static void
adjust_timeout(PgraftConsensus *g)
{
	unsigned wanted = wanted_timeout(g);

	if (wanted == g->timeout_in_use_ms)
		return;
	g->timeout_in_use_ms = wanted;
	raft_set_election_timeout(&g->raft, wanted);
}

static void
announce_leadership(void)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_LEADER;
	pgraft_consensus_propose(&entry, PGRAFT_TICKET_LEADER);
}

static void
barrier_done(struct raft_barrier *barrier, int status)
{
	PgraftConsensus *g = barrier->data;

	g->barrier_pending = false;
	if (status != 0)
	{
		g->barrier_sent_term = 0;
		return;
	}
	g->barrier_term = g->barrier_sent_term;
	announce_leadership();
}

/* A new leader appends nothing by itself: without an entry of its own term it cannot know what is committed. */
static void
send_barrier(PgraftConsensus *g)
{
	uint64_t term = pgraft_term(raft_current_term(&g->raft));

	if (raft_state(&g->raft) != RAFT_LEADER || g->barrier_pending || g->barrier_sent_term == term)
		return;
	g->barrier.data = g;
	if (raft_barrier(&g->raft, &g->barrier, barrier_done) == 0)
	{
		g->barrier_pending = true;
		g->barrier_sent_term = term;
	}
}

static PgraftRaftRole
current_role(PgraftConsensus *g)
{
	switch (raft_state(&g->raft))
	{
		case RAFT_LEADER:
			return PGRAFT_RAFT_LEADER;
		case RAFT_CANDIDATE:
			return PGRAFT_RAFT_CANDIDATE;
		case RAFT_FOLLOWER:
			return PGRAFT_RAFT_FOLLOWER;
		default:
			return PGRAFT_RAFT_UNAVAILABLE;
	}
}

static bool
heard_lately(const PgraftConsensus *g, raft_id id, int64_t now)
{
	return id <= PGRAFT_MAX_NODES && g->layer.last_seen_ms[id] != 0 &&
		   now - g->layer.last_seen_ms[id] < (int64_t) g->config.election_timeout_ms;
}

static void
describe_peers(PgraftConsensus *g, PgraftRaftStatus *status)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	int64_t now = pgraft_now_ms();
	int voters = 0;
	int heard = 0;

	for (unsigned i = 0; i < configuration->n && i < PGRAFT_MAX_NODES; i++)
	{
		const struct raft_server *server = &configuration->servers[i];
		PgraftPeerStatus *peer = &status->peers[status->n_peers++];
		raft_index match = 0;
		bool self = server->id == g->raft.id;

		peer->node_id = (int32_t) server->id;
		snprintf(peer->address, sizeof peer->address, "%s", server->address);
		peer->voter = server->role == RAFT_VOTER;
		if (self)
			match = raft_last_index(&g->raft);
		else if (status->role == PGRAFT_RAFT_LEADER)
			raft_match_index(&g->raft, server->id, &match);
		peer->match_index = match;
		peer->last_seen_ms = self ? now : g->layer.last_seen_ms[server->id <= PGRAFT_MAX_NODES ? server->id : 0];
		voters += peer->voter;
		heard += peer->voter && (self || heard_lately(g, server->id, now));
	}
	if (status->role == PGRAFT_RAFT_LEADER)
		status->quorum = heard > voters / 2;
	else
		status->quorum = status->leader_id != 0 && heard_lately(g, (raft_id) status->leader_id, now);
}

static void
publish(PgraftConsensus *g)
{
	PgraftRaftStatus *status = &g->published;
	raft_id leader = 0;
	const char *address;

	memset(status, 0, sizeof *status);
	status->role = current_role(g);
	status->term = pgraft_term(raft_current_term(&g->raft));
	raft_leader(&g->raft, &leader, &address);
	status->leader_id = (int32_t) leader;
	status->barrier_term = g->barrier_term;
	status->last_index = raft_last_index(&g->raft);
	status->commit_index = raft_commit_index(&g->raft);
	status->last_applied = raft_last_applied(&g->raft);
	describe_peers(g, status);
	status->counters = g->layer.counters;
	g->config.hooks.publish_status(status);
}

/* Once before and once after the loop waits: everything that happens in libraft happens in between. */
static void
observe(PgraftConsensus *g)
{
	if (!g->running)
		return;
	pgraft_log_publish();
	adjust_timeout(g);
	send_barrier(g);
	if (raft_state(&g->raft) == RAFT_LEADER && g->barrier_term == pgraft_term(raft_current_term(&g->raft)))
		pgraft_member_names_propose();
	publish(g);
}

static void
before_poll(uv_prepare_t *handle)
{
	observe(handle->data);
}

static void
after_poll(uv_check_t *handle)
{
	observe(handle->data);
}

/*
 * Followers do not talk to each other, and raft_uv never reads its outgoing streams, so that the first message after a peer's restart is
 * lost: just when an election needs it.  Hence something harmless to each peer now and then.
 */
static void
warm_links(uv_timer_t *timer)
{
	PgraftConsensus *g = timer->data;
	const struct raft_configuration *configuration = &g->raft.configuration;

	if (!g->running || raft_state(&g->raft) == RAFT_LEADER)
		return;
	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id != g->raft.id)
			pgraft_io_warm(&g->layer, &g->io, configuration->servers[i].id, configuration->servers[i].address);
}

static void
init_raft(PgraftConsensus *g)
{
	PgraftTransportConfig transport = {
		.self = g->config.self,
		.listen_port = g->config.listen_port,
		.key_size = g->config.key_size,
		.crypto = g->config.crypto,
		.log = g->config.hooks.log,
		.peer_met = pgraft_member_names_remember,
		.refusals = &g->layer.counters.greetings_refused,
		.arg = g,
	};
	int rc;

	strcpy(transport.listen_host, g->config.listen_host);
	memcpy(transport.key, g->config.key, sizeof transport.key);
	g->transport = pgraft_transport_new(g->loop, &transport);
	if (g->transport == NULL)
		fatal("start the Raft transport", "out of memory");
	rc = raft_uv_init(&g->io, g->loop, g->files.raft_dir, pgraft_transport_raft(g->transport));
	if (rc != 0)
		fatal("open the Raft directory", raft_strerror(rc));
	raft_uv_set_segment_size(&g->io, SEGMENT_SIZE);
	raft_uv_set_connect_retry_delay(&g->io, CONNECT_RETRY_MS);
	g->layer.self = (raft_id) g->config.self.node_id;
	g->layer.pass_tick = pass_tick;
	g->layer.fatal = g->config.hooks.fatal;
	g->layer.arg = g;
	pgraft_io_wrap(&g->layer, &g->io);
	pgraft_log_init_fsm();
	rc = raft_init(&g->raft, &g->io, &g->fsm, (raft_id) g->config.self.node_id, g->config.self.address);
	if (rc != 0)
		fatal("open the Raft log", raft_errmsg(&g->raft));
	raft_set_pre_vote(&g->raft, true);
	raft_set_snapshot_threshold(&g->raft, g->config.snapshot_threshold);
	raft_set_snapshot_trailing(&g->raft, g->config.trailing_entries);
	raft_set_capacity_threshold(&g->raft, 0);
}

static void
run_raft(PgraftConsensus *g)
{
	int rc;

	g->established = pgraft_file_exists(g->established_path);
	adjust_timeout(g);
	raft_set_heartbeat_timeout(&g->raft, TICK_MS);
	rc = raft_start(&g->raft);
	if (rc != 0)
		fatal("start Raft", raft_errmsg(&g->raft));
	raft_set_heartbeat_timeout(&g->raft, 1);
	g->running = true;
	pgraft_member_names_remember(g, &g->config.self);
	uv_prepare_init(g->loop, &g->before_poll);
	uv_check_init(g->loop, &g->after_poll);
	uv_timer_init(g->loop, &g->warmer);
	g->before_poll.data = g->after_poll.data = g->warmer.data = g;
	uv_prepare_start(&g->before_poll, before_poll);
	uv_check_start(&g->after_poll, after_poll);
	uv_timer_start(&g->warmer, warm_links, WARM_INTERVAL_MS, WARM_INTERVAL_MS);
}

/* The members of a new group: the initial cluster, or this server alone. */
static void
bootstrap(PgraftConsensus *g)
{
	const PgraftClusterSpec *spec = &g->config.initial_cluster;
	struct raft_configuration configuration;
	int rc = 0;

	raft_configuration_init(&configuration);
	if (spec->n == 0)
		rc = raft_configuration_add(&configuration, (raft_id) g->config.self.node_id, g->config.self.address,
									RAFT_VOTER);
	for (int i = 0; i < spec->n && rc == 0; i++)
		rc = raft_configuration_add(&configuration, (raft_id) i + 1, spec->nodes[i].address, RAFT_VOTER);
	if (rc == 0)
		rc = raft_bootstrap(&g->raft, &configuration);
	raft_configuration_close(&configuration);
	if (rc != 0)
		fatal("form the Raft group", raft_errmsg(&g->raft));
}

static void
form(PgraftConsensus *g)
{
	int rc = pgraft_formation_begin(&g->files, g->config.data_dir);

	if (rc != 0)
		fatal("make the Raft directory", strerror(rc));
	init_raft(g);
	bootstrap(g);
	rc = pgraft_formation_commit(&g->files, g->config.self.node_id);
	if (rc == 0)
		rc = pgraft_formation_consume(&g->files);
	if (rc != 0)
		fatal("record the formation of the Raft group", strerror(rc));
	g->config.hooks.log(g->config.initial_cluster.n > 0 ? "Raft group formed from pgraft.initial_cluster"
														: "Raft group of one member formed");
	run_raft(g);
}

static void
join_existing(PgraftConsensus *g)
{
	int rc = pgraft_formation_consume(&g->files); /* left over if the formation was interrupted at its end */

	if (rc != 0)
		fatal("use up the formation token", strerror(rc));
	init_raft(g);
	run_raft(g);
}

void
pgraft_consensus_start(uv_loop_t *loop, const PgraftConsensusConfig *config)
{
	PgraftConsensus *g = &pgraft_group;
	char why[1200];
	int32_t owner;

	memset(g, 0, sizeof *g);
	g->config = *config;
	g->loop = loop;
	if (!pgraft_formation_init(&g->files, config->data_dir))
		fatal("use pgraft.data_dir", "its path is too long");
	snprintf(g->established_path, sizeof g->established_path, "%s/established", config->data_dir);
	owner = pgraft_formation_owner(&g->files, why, sizeof why);
	if (owner < 0)
		fatal("trust the Raft state", why);
	else if (owner > 0 && owner != config->self.node_id)
	{
		snprintf(why, sizeof why, "it belongs to node %d, but pgraft.node_id is %d", owner, config->self.node_id);
		fatal("use the Raft state", why);
	}
	else if (owner > 0)
		join_existing(g);
	else if (pgraft_formation_consumed(&g->files))
		config->hooks.log(LOST_STATE);
	else if (pgraft_formation_has_token(&g->files) && config->initial_cluster.n > 0)
		form(g);
	else
		config->hooks.log(
			"no Raft state and no formation token: waiting for pgraft_init() or to be added to a cluster");
}

bool
pgraft_consensus_form(char *err, size_t err_size)
{
	PgraftConsensus *g = &pgraft_group;

	if (g->running)
		return true;
	if (pgraft_formation_consumed(&g->files))
	{
		snprintf(err, err_size, "%s", LOST_STATE);
		return false;
	}
	if (g->config.self.incarnation[0] == '\0')
	{
		snprintf(err, err_size, "the data directory has no incarnation file");
		return false;
	}
	form(g);
	return true;
}

static void
transfer_done(struct raft_transfer *transfer)
{
	PgraftConsensus *g = transfer->data;

	g->transferring = false;

	/* At once: the new leader would hand leadership back to a server that still answers. */
	if (g->stopping)
		uv_stop(g->loop);
}

static raft_id
furthest_voter(PgraftConsensus *g)
{
	const PgraftRaftStatus *status = &g->published;
	const PgraftPeerStatus *best = NULL;
	int64_t now = pgraft_now_ms();

	for (int i = 0; i < status->n_peers; i++)
	{
		const PgraftPeerStatus *peer = &status->peers[i];

		if (peer->voter && peer->node_id != g->config.self.node_id && heard_lately(g, (raft_id) peer->node_id, now) &&
			(best == NULL || peer->match_index > best->match_index))
			best = peer;
	}
	return best == NULL ? 0 : (raft_id) best->node_id;
}

bool
pgraft_consensus_transfer(int32_t node_id)
{
	PgraftConsensus *g = &pgraft_group;
	raft_id target;

	if (!g->running || g->transferring || raft_state(&g->raft) != RAFT_LEADER)
		return false;
	target = node_id != 0 ? (raft_id) node_id : furthest_voter(g);
	if (target == 0 || !heard_lately(g, target, pgraft_now_ms()))
		return false;
	g->transfer.data = g;
	g->transferring = raft_transfer(&g->raft, &g->transfer, target, transfer_done) == 0;
	return g->transferring;
}

static void
stop_anyway(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

void
pgraft_consensus_stop(void)
{
	PgraftConsensus *g = &pgraft_group;

	if (g->stopping)
		return;
	g->stopping = true;
	if (!pgraft_consensus_transfer(0))
	{
		uv_stop(g->loop);
		return;
	}
	uv_timer_init(g->loop, &g->stopper);
	uv_timer_start(&g->stopper, stop_anyway, STOP_DEADLINE_MS, 0);
}
