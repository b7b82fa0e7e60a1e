/*
 * consensus.c
 *	  See consensus.h.  Here: forming a group, joining one that exists, starting libraft.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/consensus_private.h"
#include "net/files.h"

#define CONNECT_RETRY_MS 100
#define SEGMENT_SIZE	 (1024 * 1024)

#define WAS_FORMED \
	"this server was a member of a Raft group before, so that it must not form one by itself: it waits to be added " \
	"to one"

PgraftConsensus pgraft_group;

void
pgraft_consensus_fatal(const char *what, const char *why)
{
	char message[RAFT_ERRMSG_BUF_SIZE + 1200];

	snprintf(message, sizeof message, "could not %s: %s", what, why);
	pgraft_group.config.hooks.fatal(message);
}

static void
check(const char *what, int rc)
{
	if (rc != 0)
		pgraft_consensus_fatal(what, strerror(rc));
}

/* Its own past, not its group's present: better to be added once more than to lead by that. */
static void
stuck_joining(void *arg)
{
	PgraftConsensus *g = arg;

	check("note that this server has to be added anew", pgraft_formation_give_up(&g->files));
	g->config.hooks.fatal("this server was stopped while it joined its cluster: it starts over, and waits to be added");
}

/* It can be added anew, and votes for nobody until then. */
static void
untrusted(void *arg, const char *why)
{
	PgraftConsensus *g = arg;

	g->config.hooks.lost(why);
	pgraft_consensus_fatal("trust the Raft state", why);
}

static void
leader_heard(void *arg, int32_t node_id, raft_term term)
{
	pgraft_detection_heard(arg, node_id, pgraft_term(term));
}

static void
init_raft(PgraftConsensus *g)
{
	int rc = raft_uv_init(&g->io, g->loop, g->files.raft_dir, pgraft_transport_raft(g->transport));

	if (rc != 0)
		pgraft_consensus_fatal("open the Raft directory", raft_strerror(rc));
	raft_uv_set_segment_size(&g->io, SEGMENT_SIZE);
	raft_uv_set_connect_retry_delay(&g->io, CONNECT_RETRY_MS);
	g->layer.self = (raft_id) g->config.self.node_id;
	g->layer.joining = g->formed.joining;
	g->layer.pass_tick = pgraft_pass_tick;
	g->layer.admits = pgraft_presence_admits;
	g->layer.leader_heard = leader_heard;
	g->layer.stuck_joining = stuck_joining;
	g->layer.untrusted = untrusted;
	g->layer.fatal = g->config.hooks.fatal;
	g->layer.arg = g;
	pgraft_io_wrap(&g->layer, &g->io);
	rc = raft_init(&g->raft, &g->io, &g->fsm, (raft_id) g->config.self.node_id, g->config.self.address);
	if (rc != 0)
		pgraft_consensus_fatal("open the Raft log", raft_errmsg(&g->raft));
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
	pgraft_adjust_timeout(g);
	raft_set_heartbeat_timeout(&g->raft, PGRAFT_TICK_MS);
	rc = raft_start(&g->raft);
	if (rc != 0)
		pgraft_consensus_fatal("start Raft", raft_errmsg(&g->raft));
	raft_set_heartbeat_timeout(&g->raft, PGRAFT_LEAST_SILENCE_MS);
	g->running = true;
}

/* The members of a new group: those of the cluster, or this server alone. */
static void
bootstrap(PgraftConsensus *g, const PgraftClusterSpec *spec)
{
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
		pgraft_consensus_fatal("form the Raft group", raft_errmsg(&g->raft));
}

static void
begin_promises(PgraftConsensus *g)
{
	check("note what is promised", pgraft_promises_begin(&g->layer.promises, g->files.promised_path));
	g->formed.promises = true;
}

static void
form(PgraftConsensus *g, const PgraftClusterSpec *spec)
{
	g->formed.node_id = g->config.self.node_id;
	check("make the Raft directory", pgraft_formation_begin(&g->files));
	begin_promises(g);
	init_raft(g);
	bootstrap(g, spec);
	check("record the formation of the Raft group", pgraft_formation_commit(&g->files, &g->formed));
	check("use up the formation token", pgraft_formation_consume(&g->files));
	g->config.hooks.log(spec->n > 0 ? "Raft group formed from pgraft.initial_cluster"
									: "Raft group of one member formed");
	run_raft(g);
}

/* A start that is broken off is made again from the beginning: nothing follows from the new group until it is recovered. */
static void
recover(PgraftConsensus *g, uint64_t term)
{
	static const PgraftClusterSpec alone;
	const int n = g->config.n_recover_links;
	char message[128];

	if (n > 0 && g->config.recover_links[n - 1].term > term)
		term = g->config.recover_links[n - 1].term;
	snprintf(message, sizeof message,
			 "forms a Raft group of this server alone, anew from its data, in terms above %llu",
			 (unsigned long long) term);
	g->config.hooks.log(message);

	/* From the first: servers of the old group must not be taken for its own. */
	g->formed = (PgraftFormed){0};
	if (!pgraft_new_group_id(g, g->formed.group_id))
		pgraft_consensus_fatal("name the new Raft group", "no random bytes");
	g->layer.least_term = term + 1; /* as libraft counts */
	g->recovering = true;
	form(g, &alone);
}

void
pgraft_consensus_recovered(PgraftConsensus *g)
{
	check("note that the Raft group is recovered", pgraft_formation_recovered(&g->files));
	g->recovering = false;
	pgraft_barrier_passed(g);
}

/* An older pgraft has kept no promises: they begin with what is there. */
static void
resume(PgraftConsensus *g)
{
	const bool kept = g->formed.promises;

	/* Left over if the formation was interrupted at its end. */
	check("use up the formation token", pgraft_formation_consume(&g->files));
	if (!kept)
		begin_promises(g);
	init_raft(g);
	run_raft(g);
	if (!kept)
		check("record that promises are kept", pgraft_formation_commit(&g->files, &g->formed));
}

/* Written down when libraft is there but has heard nothing yet. */
void
pgraft_consensus_join(PgraftConsensus *g, const PgraftMembershipNotice *invitation)
{
	g->formed = (PgraftFormed){.node_id = g->config.self.node_id, .joined_at = invitation->index, .joining = true};
	strcpy(g->formed.group_id, invitation->group_id);
	check("forget the former Raft group", pgraft_remove_durably(g->established_path));
	check("make the Raft directory", pgraft_formation_begin(&g->files));
	check("use up the formation token", pgraft_formation_consume(&g->files));
	begin_promises(g);
	init_raft(g);
	run_raft(g);
	check("record the invitation to the Raft group", pgraft_formation_commit(&g->files, &g->formed));
	g->config.hooks.log("invited to a cluster: fetches its log");
}

static void
wait_to_be_added(PgraftConsensus *g)
{
	g->config.hooks.publish_state(&g->state);
	if (pgraft_formation_consumed(&g->files))
		g->config.hooks.log(WAS_FORMED);
	else
		g->config.hooks.log(
			"no Raft state and no formation token: waiting for pgraft_init() or to be added to a cluster");
}

/* Nothing is started on state that cannot be trusted; without an incarnation no other server could tell this one's data. */
static bool
may_start(PgraftConsensus *g, PgraftFormationState state, const char *why)
{
	char message[160];

	if (state == PGRAFT_FORMATION_UNKNOWN)
		pgraft_consensus_fatal("trust the Raft state", why);
	if (state == PGRAFT_FORMATION_LOST)
	{
		g->config.hooks.lost(why);
		return false;
	}
	if (state == PGRAFT_FORMATION_WHOLE && g->formed.node_id != g->config.self.node_id)
	{
		snprintf(message, sizeof message, "it belongs to node %d, but pgraft.node_id is %d", g->formed.node_id,
				 g->config.self.node_id);
		pgraft_consensus_fatal("use the Raft state", message);
	}
	if (state == PGRAFT_FORMATION_NONE && g->config.self.incarnation[0] == '\0')
	{
		g->config.hooks.log("the data directory has no incarnation file: it cannot belong to a cluster");
		return false;
	}
	return true;
}

void
pgraft_consensus_start(uv_loop_t *loop, const PgraftConsensusConfig *config)
{
	PgraftConsensus *g = &pgraft_group;
	PgraftFormationState state;
	uint64_t recovery_term;
	char why[1200] = "";

	memset(g, 0, sizeof *g);
	g->config = *config;
	g->loop = loop;
	if (!pgraft_formation_init(&g->files, config->data_dir))
		pgraft_consensus_fatal("use pgraft.data_dir", "its path is too long");
	snprintf(g->established_path, sizeof g->established_path, "%s/established", config->data_dir);
	pgraft_log_init_fsm();
	pgraft_keys_begin(g);
	check("clear the Raft state of a removed server", pgraft_formation_clear(&g->files));
	if (!pgraft_formation_recovery(&g->files, &recovery_term, why, sizeof why))
		pgraft_consensus_fatal("recover from this server's data", why);
	state = pgraft_formation_read(&g->files, &g->formed, why, sizeof why);
	if (state == PGRAFT_FORMATION_WHOLE && g->formed.promises &&
		!pgraft_promises_read(&g->layer.promises, g->files.promised_path, why, sizeof why))
		state = PGRAFT_FORMATION_LOST;
	if (recovery_term == 0 && !may_start(g, state, why))
		return;
	pgraft_links_begin(g);
	pgraft_turns_begin(g);
	if (recovery_term != 0)
		recover(g, recovery_term);
	else if (state == PGRAFT_FORMATION_WHOLE)
		resume(g);
	else if (!pgraft_formation_consumed(&g->files) && pgraft_formation_has_token(&g->files) &&
			 config->initial_cluster.n > 0)
		form(g, &config->initial_cluster);
	else
		wait_to_be_added(g);
}

bool
pgraft_consensus_form(char *err, size_t err_size)
{
	PgraftConsensus *g = &pgraft_group;

	if (g->running)
		return true;
	if (pgraft_formation_consumed(&g->files))
	{
		snprintf(err, err_size, "%s", WAS_FORMED);
		return false;
	}
	if (g->config.self.incarnation[0] == '\0')
	{
		snprintf(err, err_size, "the data directory has no incarnation file");
		return false;
	}
	form(g, &g->config.initial_cluster);
	return true;
}
