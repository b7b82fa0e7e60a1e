/*
 * turn.c
 *	  What happens at every turn of the loop and at every tick: timeouts, the barrier of a new leader, links, beats, the published status.
 *
 * Until the first promotion record only node 1 may stand, so that the first primary is node 1; it stands quickly then, since nobody can contest it.
 */
#include <stdio.h>
#include <string.h>

#include "core/policy.h"
#include "net/clock.h"
#include "net/consensus_private.h"

#define WARM_INTERVAL_MS		  250
#define FIRST_ELECTION_TIMEOUT_MS 100
#define NEVER_MS				  (24u * 3600 * 1000)

static unsigned
established_timeout(const PgraftConsensus *g)
{
	unsigned detected = pgraft_detection_timeout(g);
	unsigned standing = pgraft_candidacy_timeout(&g->candidacy, g->config.election_timeout_ms, pgraft_now_ms());

	return detected < standing ? detected : standing;
}

static unsigned
wanted_timeout(const PgraftConsensus *g)
{
	if (g->layer.joining)
		return NEVER_MS;
	if (g->established)
		return established_timeout(g);
	if (!pgraft_may_stand(&g->state, g->config.self.node_id))
		return NEVER_MS;

	/* Quick until the first election has begun: its votes take fsyncs, and a slow disk must not cost it its term. */
	return pgraft_term(raft_current_term(&g->raft)) == 0 ? FIRST_ELECTION_TIMEOUT_MS : g->config.election_timeout_ms;
}

void
pgraft_adjust_timeout(PgraftConsensus *g)
{
	bool standing = g->raft.state == RAFT_CANDIDATE && !g->raft.candidate_state.in_pre_vote;
	unsigned wanted;

	pgraft_candidacy_turn(&g->candidacy, standing, pgraft_now_ms());
	wanted = wanted_timeout(g);
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

/* Nobody may act on the new group's log before it knows of the promotions that the data has behind it. */
static void
commit_recovery(PgraftConsensus *g)
{
	static PgraftEntry entry;
	int n = g->config.n_recover_links;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_RECOVERED;
	entry.u.record.n_links = n;
	if (n > 0)
		memcpy(entry.u.record.links, g->config.recover_links, (size_t) n * sizeof entry.u.record.links[0]);
	pgraft_consensus_propose(&entry, PGRAFT_TICKET_RECOVERED);
}

void
pgraft_barrier_passed(PgraftConsensus *g)
{
	g->barrier_term = g->barrier_sent_term;
	announce_leadership();
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
	if (g->recovering)
		commit_recovery(g);
	else
		pgraft_barrier_passed(g);
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

bool
pgraft_heard_lately(const PgraftConsensus *g, raft_id id, int64_t now)
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
		peer->reachable = self || pgraft_heard_lately(g, server->id, now);
		voters += peer->voter;
		heard += peer->voter && peer->reachable;
	}
	if (status->role == PGRAFT_RAFT_LEADER)
		status->quorum = heard > voters / 2;
	else
		status->quorum = status->leader_id != 0 && pgraft_heard_lately(g, (raft_id) status->leader_id, now);
}

static void
describe_log(PgraftConsensus *g, PgraftRaftStatus *status)
{
	status->last_index = raft_last_index(&g->raft);
	status->commit_index = raft_commit_index(&g->raft);
	status->last_applied = raft_last_applied(&g->raft);
	status->log_entries = status->last_index - g->raft.trail.offset;
	status->snapshot_index = g->raft.trail.snapshot.index;
	status->configuration_committed = g->raft.configuration_uncommitted_index == 0;
	status->configuration_index = status->configuration_committed ? g->raft.configuration_committed_index
																  : g->raft.configuration_uncommitted_index;
}

static void
describe(PgraftConsensus *g, PgraftRaftStatus *status)
{
	raft_id leader = 0;
	const char *address;

	status->role = current_role(g);
	status->term = pgraft_term(raft_current_term(&g->raft));
	raft_leader(&g->raft, &leader, &address);
	status->leader_id = (int32_t) leader;
	status->voted_for = (int32_t) raft_voted_for(&g->raft);
	status->barrier_term = g->barrier_term;
	describe_log(g, status);
	describe_peers(g, status);
	pgraft_beats_describe(g, status);
}

static void
publish(PgraftConsensus *g)
{
	PgraftRaftStatus *status = &g->published;

	memset(status, 0, sizeof *status);
	if (g->running)
		describe(g, status);
	status->counters = g->layer.counters;
	pgraft_keys_describe(g, status);
	g->config.hooks.publish_status(status);
}

static void
lead(PgraftConsensus *g)
{
	pgraft_presence_name_group(g);
	pgraft_member_names_propose();
	pgraft_membership_turn(g);
}

static void
observe_raft(PgraftConsensus *g)
{
	pgraft_log_publish();
	pgraft_detection_turn(g);
	pgraft_adjust_timeout(g);
	pgraft_tell_commits(g);
	send_barrier(g);
	pgraft_membership_watch(g);
	if (raft_state(&g->raft) == RAFT_LEADER && g->barrier_term == pgraft_term(raft_current_term(&g->raft)))
		lead(g);
	pgraft_members_file_turn(g);
	pgraft_beats_turn(g);
}

/* Once before and once after the loop waits: everything that happens in libraft happens in between. */
static void
observe(PgraftConsensus *g)
{
	pgraft_presence_turn(g);
	pgraft_links_turn(g);
	if (g->running)
		observe_raft(g);
	pgraft_requests_turn(g);
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

void
pgraft_turns_begin(PgraftConsensus *g)
{
	uv_prepare_init(g->loop, &g->before_poll);
	uv_check_init(g->loop, &g->after_poll);
	uv_timer_init(g->loop, &g->warmer);
	g->before_poll.data = g->after_poll.data = g->warmer.data = g;
	uv_prepare_start(&g->before_poll, before_poll);
	uv_check_start(&g->after_poll, after_poll);
	uv_timer_start(&g->warmer, warm_links, WARM_INTERVAL_MS, WARM_INTERVAL_MS);
}
