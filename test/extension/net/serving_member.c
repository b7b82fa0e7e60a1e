/*
 * serving_member.c
 *	  One member without PostgreSQL that acts as if it had one: as the leader it promotes, serves, answers barriers and hands over.
 *
 *	  serving_member <node id> <directory> <number of members that form the group, 0: it waits> <incarnation, a number>
 *
 *	  status					one line of JSON, with what came of the requests
 *	  set <key> <value>			requests, each with the next ticket
 *	  add <id> <port>
 *	  remove <id>
 *	  transfer <id>
 *	  barriers hold|answer		the WAL barrier is not reached, or is
 *	  hands hold|transfer		the primary does not get ready to hand over, or does
 *	  lag <bytes>				of every standby; -1: none streams
 *
 * Node i listens on port 7000 + i of the loopback address.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "net/clock.h"
#include "net/consensus_private.h"
#include "member_process.h"

#define ROLE_TURN_MS 10
#define MAX_TICKETS	 64

static PgraftRaftStatus status;
static uint64_t promoting_term;
static uint64_t serving_term;
static bool barriers_held;
static bool hands_held;
static PgraftBarrier barrier;
static int32_t hand_over_to;
static int64_t lag_bytes;
static uint64_t last_ticket;
static PgraftOutcome outcomes[MAX_TICKETS + 1];

static void
publish_status(const PgraftRaftStatus *published)
{
	status = *published;
	if (status.role != PGRAFT_RAFT_LEADER || status.term != serving_term)
		serving_term = 0;
}

static void
publish_state(const PgraftState *state)
{
	(void) state;
}

static void
publish_lease(int64_t until_ms)
{
	(void) until_ms;
}

static void
own_beat(PgraftBeat *beat)
{
	beat->promotion_term = serving_term;
	for (int i = 0; i < beat->n_progress; i++)
		beat->progress[i].lag_bytes = lag_bytes;
}

static void
request_done(uint64_t ticket, const PgraftOutcome *outcome)
{
	if (ticket > MAX_TICKETS || outcomes[ticket].code != 0)
		fatal("a request is done twice, or was never asked");
	outcomes[ticket] = *outcome;
}

static void
want_barrier(const PgraftBarrier *wanted)
{
	barrier = *wanted;
}

static void
want_hand_over(int32_t node_id)
{
	hand_over_to = node_id;
}

static void
propose_promotion(PgraftEntryType type)
{
	static PgraftEntry entry;
	uint32_t term = (uint32_t) promoting_term;

	memset(&entry, 0, sizeof entry);
	entry.type = type;
	entry.term = promoting_term;
	entry.u.record.n_links = 1;
	entry.u.record.links[0] = (PgraftPromotion){.term = promoting_term,
												.node_id = pgraft_group.config.self.node_id,
												.timeline = term + 1,
												.parent = term,
												.fork_lsn = 0x1000};
	pgraft_consensus_propose(&entry, type);
}

static void
proposal_done(uint64_t ticket, bool committed)
{
	if (!committed)
		promoting_term = 0;
	else if (ticket == PGRAFT_ENTRY_INTENT)
		propose_promotion(PGRAFT_ENTRY_RECORD);
	else
		serving_term = promoting_term;
}

/* What the role worker does. */
static void
role_turn(uv_timer_t *timer)
{
	int32_t to = hand_over_to;

	(void) timer;
	if (status.role != PGRAFT_RAFT_LEADER || status.barrier_term != status.term)
		return;
	if (promoting_term != status.term)
	{
		promoting_term = status.term;
		propose_promotion(PGRAFT_ENTRY_INTENT);
	}
	if (serving_term != 0 && !barriers_held && barrier.ticket != 0)
		pgraft_consensus_barrier_reached(barrier.ticket);
	if (to != 0 && !hands_held && pgraft_consensus_transfer(to))
		hand_over_to = 0;
}

static const char *
role_of(int32_t node_id)
{
	const struct raft_configuration *configuration = &pgraft_group.raft.configuration;

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == (raft_id) node_id)
			return raft_role_name(configuration->servers[i].role);
	return "";
}

static void
say_state(void)
{
	const PgraftState *state = &pgraft_group.state;

	printf("\"name\":\"%s\",\"failover\":%s,\"successor\":%d,\"names\":[", state->cluster_name,
		   state->failover_enabled ? "true" : "false", state->successor);
	for (int i = 0; i < state->n_members; i++)
		printf("%s\"%d %d\"", i == 0 ? "" : ",", state->members[i].node_id, atoi(state->members[i].incarnation));
	printf("],\"events\":[");
	for (int i = 0; i < state->n_events; i++)
		printf("%s\"%d %d\"", i == 0 ? "" : ",", state->events[i].type, state->events[i].node_id);
	printf("]");
}

/* Quotation marks become single ones. */
static const char *
quotable(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c == '"')
			*c = '\'';
	return text;
}

static void
say_status(void)
{
	printf("{\"role\":%d,\"term\":%llu,\"leader\":%d,\"serving\":%s,\"wanted\":%d,\"servers\":[", status.role,
		   (unsigned long long) status.term, status.leader_id, serving_term != 0 ? "true" : "false",
		   barrier.ticket == 0 ? -1 : barrier.node_id);
	for (int i = 0; i < status.n_peers; i++)
		printf("%s\"%d %s\"", i == 0 ? "" : ",", status.peers[i].node_id, role_of(status.peers[i].node_id));
	printf("],\"lags\":[");
	for (int i = 0; i < status.beat.n_progress; i++)
		printf("%s%lld", i == 0 ? "" : ",", (long long) status.beat.progress[i].lag_bytes);
	printf("],\"outcomes\":[");
	for (uint64_t ticket = 1; ticket <= last_ticket; ticket++)
		printf("%s{\"code\":%d,\"leader\":%d,\"message\":\"%s\"}", ticket == 1 ? "" : ",", outcomes[ticket].code,
			   outcomes[ticket].leader_id, quotable(outcomes[ticket].message));
	printf("],");
	say_state();
	printf("}\n");
	fflush(stdout);
}

static bool
is_request(const char *command, PgraftRequest *request)
{
	int port;

	if (sscanf(command, "set %63s %255s", request->key, request->value) == 2)
		request->kind = PGRAFT_REQUEST_SET_CONFIG;
	else if (sscanf(command, "add %d %d", &request->node_id, &port) == 2)
	{
		request->kind = PGRAFT_REQUEST_ADD_NODE;
		snprintf(request->address, sizeof request->address, "127.0.0.1:%d", port);
	}
	else if (sscanf(command, "remove %d", &request->node_id) == 1)
		request->kind = PGRAFT_REQUEST_REMOVE_NODE;
	else if (sscanf(command, "transfer %d", &request->node_id) == 1)
		request->kind = PGRAFT_REQUEST_TRANSFER;
	return request->kind != 0;
}

static void
obey(const char *command)
{
	PgraftRequest request = {0};
	char word[16];

	if (strcmp(command, "status") == 0)
		say_status();
	else if (is_request(command, &request))
		pgraft_consensus_request(&request, ++last_ticket);
	else if (sscanf(command, "barriers %15s", word) == 1)
		barriers_held = strcmp(word, "hold") == 0;
	else if (sscanf(command, "hands %15s", word) == 1)
		hands_held = strcmp(word, "hold") == 0;
	else if (sscanf(command, "lag %15s", word) == 1)
		lag_bytes = atoll(word);
	else
		fatal("unknown command");
}

static void
configure(PgraftConsensusConfig *config, char **args)
{
	config->self.node_id = atoi(args[1]);
	config->self.postgres_port = 5432;
	snprintf(config->self.name, sizeof config->self.name, "node%d", config->self.node_id);
	snprintf(config->self.address, sizeof config->self.address, "127.0.0.1:%d", 7000 + config->self.node_id);
	snprintf(config->self.incarnation, sizeof config->self.incarnation, "%032d", atoi(args[4]));
	snprintf(config->data_dir, sizeof config->data_dir, "%s", args[2]);
	configure_loopback(config, atoi(args[3]));
	config->election_timeout_ms = 500;
	config->heartbeat_interval_ms = 50;
	config->snapshot_threshold = 1024;
	config->trailing_entries = 4096;
	config->system_identifier = 7;
	config->hooks = (PgraftConsensusHooks){
		.log = log_line,
		.fatal = fatal,
		.publish_status = publish_status,
		.publish_state = publish_state,
		.proposal_done = proposal_done,
		.publish_lease = publish_lease,
		.own_beat = own_beat,
		.request_done = request_done,
		.want_barrier = want_barrier,
		.want_hand_over = want_hand_over,
		.lost = fatal,
	};
}

int
main(int n_args, char **args)
{
	static PgraftConsensusConfig config;
	uv_loop_t loop;
	uv_poll_t commands;
	uv_timer_t role;

	if (n_args != 5)
		fatal("usage: serving_member <node id> <directory> <number of members> <incarnation>");
	signal(SIGPIPE, SIG_IGN); /* as in every background worker */
	configure(&config, args);
	if (pgraft_make_directory(config.data_dir) != 0)
		fatal("could not make the data directory");
	if (config.initial_cluster.n > 0)
		give_token(config.data_dir);
	uv_loop_init(&loop);
	uv_poll_init(&loop, &commands, STDIN_FILENO);
	uv_poll_start(&commands, UV_READABLE, commands_came);
	uv_timer_init(&loop, &role);
	uv_timer_start(&role, role_turn, ROLE_TURN_MS, ROLE_TURN_MS);
	pgraft_consensus_start(&loop, &config);
	printf("%d\n", (int) getpid());
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}
