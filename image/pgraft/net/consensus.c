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

static void
peer_came(void *arg, int32_t node_id, uv_stream_t *stream)
{
	PgraftConsensus *g = arg;

	pgraft_peers_accept(&g->peers, node_id, stream);
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
		.peer_stream = peer_came,
		.refusals = &g->layer.counters.greetings_refused,
		.arg = g,
	};
	int rc;

	strcpy(transport.listen_host, g->config.listen_host);
	memcpy(transport.key, g->config.key, sizeof transport.key);
	g->transport = pgraft_transport_new(g->loop, &transport);
	if (g->transport == NULL)
		fatal("start the Raft transport", "out of memory");
	pgraft_beats_init(g);
	rc = raft_uv_init(&g->io, g->loop, g->files.raft_dir, pgraft_transport_raft(g->transport));
	if (rc != 0)
		fatal("open the Raft directory", raft_strerror(rc));
	raft_uv_set_segment_size(&g->io, SEGMENT_SIZE);
	raft_uv_set_connect_retry_delay(&g->io, CONNECT_RETRY_MS);
	g->layer.self = (raft_id) g->config.self.node_id;
	g->layer.pass_tick = pgraft_pass_tick;
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
	pgraft_adjust_timeout(g);
	raft_set_heartbeat_timeout(&g->raft, PGRAFT_TICK_MS);
	rc = raft_start(&g->raft);
	if (rc != 0)
		fatal("start Raft", raft_errmsg(&g->raft));
	raft_set_heartbeat_timeout(&g->raft, 1);
	g->running = true;
	pgraft_member_names_remember(g, &g->config.self);
	pgraft_turns_begin(g);
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
