/*
 * member.c
 *	  One member of a Raft group without PostgreSQL: net/ and core/ as they are, driven by lines on standard input.
 *
 *	  member <node id> <directory> <number of members> <election timeout ms>
 *
 *	  status					one line of JSON
 *	  report <term> <end LSN>	this server's report of its data, with as many links as fit
 *	  promote					leader: commit intent and record of a promotion, and serve it
 *
 * Node i listens on port 7000 + i of the loopback address.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include "core/peer_message.h"
#include "hmac_sha256.h"
#include "net/clock.h"
#include "net/consensus.h"
#include "net/files.h"

#define FLUSH_LSN 0x5000

static PgraftRaftStatus status;
static int64_t lease_until_ms;
static uint64_t serving_term;
static char line[256];
static size_t line_size;

static bool
hmac(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	hmac_sha256(key, key_size, parts, sizes, n, out);
	return true;
}

static bool
random_bytes(uint8_t *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t) size;
}

static const PgraftCrypto crypto = {.hmac = hmac, .random = random_bytes};

static void
log_line(const char *message)
{
	fprintf(stderr, "%s\n", message);
}

static void
fatal(const char *message)
{
	log_line(message);
	_exit(1);
}

static void
publish_status(const PgraftRaftStatus *published)
{
	status = *published;

	/* A server that does not lead the term of its promotion stops, and comes back as a standby. */
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
	lease_until_ms = until_ms;
}

static void
own_beat(PgraftBeat *beat)
{
	beat->promotion_term = serving_term;
	beat->flush_lsn = serving_term == 0 ? 0 : FLUSH_LSN;
}

static void
propose(PgraftEntryType type, uint64_t term, uint64_t ticket)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = type;
	entry.term = term;
	entry.u.record.n_links = 1;
	entry.u.record.links[0] = (PgraftPromotion){
		.term = term, .node_id = 1, .timeline = (uint32_t) term + 1, .parent = (uint32_t) term, .fork_lsn = 0x1000};
	pgraft_consensus_propose(&entry, ticket);
}

static void
proposal_done(uint64_t ticket, bool committed)
{
	if (!committed)
		fatal("a proposal was not committed");
	if (ticket == PGRAFT_ENTRY_INTENT)
		propose(PGRAFT_ENTRY_RECORD, status.term, PGRAFT_ENTRY_RECORD);
	else
		serving_term = status.term;
}

static void
say_status(void)
{
	int64_t now = pgraft_now_ms();

	printf("{\"role\":%d,\"term\":%llu,\"leader\":%d,\"quorum\":%s,\"now\":%lld,\"lease\":%lld,\"published\":%lld",
		   status.role, (unsigned long long) status.term, status.leader_id, status.quorum ? "true" : "false",
		   (long long) now, (long long) status.lease_until_ms, (long long) lease_until_ms);
	printf(",\"errors\":%llu,\"beat\":{\"term\":%llu,\"promotion\":%llu,\"flush\":%llu},\"peers\":[",
		   (unsigned long long) status.counters.errors, (unsigned long long) status.beat.term,
		   (unsigned long long) status.beat.promotion_term, (unsigned long long) status.beat.flush_lsn);
	for (int i = 0; i < status.n_peers; i++)
	{
		const PgraftPeerStatus *peer = &status.peers[i];

		printf("%s{\"id\":%d,\"reachable\":%s,\"report\":{\"term\":%llu,\"end\":%llu,\"links\":%d}}", i == 0 ? "" : ",",
			   peer->node_id, peer->reachable ? "true" : "false", (unsigned long long) peer->report.term,
			   (unsigned long long) peer->report.end_lsn, peer->report.n_links);
	}
	printf("]}\n");
	fflush(stdout);
}

static void
report(uint64_t term, uint64_t end_lsn)
{
	PgraftReport report = {.term = term, .end_lsn = end_lsn, .n_links = PGRAFT_REPORT_LINKS};

	for (int i = 0; i < PGRAFT_REPORT_LINKS; i++)
		report.links[i] = (PgraftPromotion){.term = (uint64_t) i + 1, .node_id = 1, .timeline = (uint32_t) i + 2};
	pgraft_consensus_report(&report);
}

static void
obey(const char *command)
{
	unsigned long long term;
	unsigned long long end_lsn;

	if (strcmp(command, "status") == 0)
		say_status();
	else if (strcmp(command, "promote") == 0)
		propose(PGRAFT_ENTRY_INTENT, status.term, PGRAFT_ENTRY_INTENT);
	else if (sscanf(command, "report %llu %llu", &term, &end_lsn) == 2)
		report(term, end_lsn);
	else
		fatal("unknown command");
}

static void
commands_came(uv_poll_t *poll, int poll_status, int events)
{
	char c;

	(void) poll;
	(void) poll_status;
	(void) events;
	if (read(STDIN_FILENO, &c, 1) != 1)
		_exit(0);
	if (c != '\n')
	{
		if (line_size == sizeof line - 1)
			fatal("a command is too long");
		line[line_size++] = c;
		return;
	}
	line[line_size] = '\0';
	line_size = 0;
	obey(line);
}

static void
configure(PgraftConsensusConfig *config, char **args)
{
	config->self.node_id = atoi(args[1]);
	config->self.postgres_port = (uint16_t) (5431 + config->self.node_id);
	snprintf(config->self.name, sizeof config->self.name, "node%d", config->self.node_id);
	snprintf(config->self.address, sizeof config->self.address, "127.0.0.1:%d", 7000 + config->self.node_id);
	snprintf(config->self.incarnation, sizeof config->self.incarnation, "%032d", config->self.node_id);
	snprintf(config->data_dir, sizeof config->data_dir, "%s", args[2]);
	config->initial_cluster.n = atoi(args[3]);
	for (int i = 0; i < config->initial_cluster.n; i++)
	{
		snprintf(config->initial_cluster.nodes[i].name, PGRAFT_NAME_SIZE, "node%d", i + 1);
		snprintf(config->initial_cluster.nodes[i].address, PGRAFT_ADDRESS_SIZE, "127.0.0.1:%d", 7001 + i);
	}
	strcpy(config->listen_host, "127.0.0.1");
	config->listen_port = (uint16_t) (7000 + config->self.node_id);
	config->key_size = 32;
	memset(config->key, 'k', config->key_size);
	config->crypto = &crypto;
	config->election_timeout_ms = (unsigned) atoi(args[4]);
	config->heartbeat_interval_ms = 50;
	config->snapshot_threshold = 1024;
	config->trailing_entries = 4096;
	config->hooks = (PgraftConsensusHooks){
		.log = log_line,
		.fatal = fatal,
		.publish_status = publish_status,
		.publish_state = publish_state,
		.proposal_done = proposal_done,
		.publish_lease = publish_lease,
		.own_beat = own_beat,
	};
}

static void
give_token(const char *data_dir)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/formed", data_dir);
	if (pgraft_file_exists(path))
		return;
	snprintf(path, sizeof path, "%s/formation.token", data_dir);
	if (pgraft_make_directory(data_dir) != 0 || pgraft_write_durably(path, "token\n", 6) != 0)
		fatal("could not write the formation token");
}

int
main(int n_args, char **args)
{
	static PgraftConsensusConfig config;
	uv_loop_t loop;
	uv_poll_t commands;

	if (n_args != 5)
		fatal("usage: member <node id> <directory> <number of members> <election timeout ms>");
	signal(SIGPIPE, SIG_IGN); /* as in every background worker */
	configure(&config, args);
	give_token(config.data_dir);
	uv_loop_init(&loop);
	uv_poll_init(&loop, &commands, STDIN_FILENO);
	uv_poll_start(&commands, UV_READABLE, commands_came);
	pgraft_consensus_start(&loop, &config);
	printf("%d\n", (int) getpid());
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}
