/*
 * member.c
 *	  One member of a Raft group without PostgreSQL: net/ and core/ as they are, driven by lines on standard input.
 *
 *	  member <node id> <directory> <number of members> <election timeout ms>
 *
 *	  status					one line of JSON
 *	  report <term> <end LSN>	this server's report of its data, with as many links as fit
 *	  promote					leader: commit intent and record of a promotion, and serve it
 *	  retire					serve it no more, so that nobody changes the configuration by himself
 *	  add, standby, voter, remove <id>
 *								leader: change libraft's configuration, as bare as it is
 *	  meet, forget <id>
 *	  invite <id> <index> <incarnation>
 *	  dismiss <id> <index> <group id>
 *								a notice of removal, whether or not it is true
 *	  cut <id>					end the links with it, at this end, while both live
 *	  misjudge <id>				take it, the leader, for dead
 *	  keys <letter> [letter]	prove and accept the key, or two, of these letters from now on
 *
 * Node i listens on port 7000 + i of the loopback address.  Without an initial cluster (0 members) it waits to be added.  It begins with the keys
 * of the letters in the variable MEMBER_KEYS, or with that of "k".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "core/peer_message.h"
#include "net/clock.h"
#include "net/consensus_private.h"
#include "member_process.h"

#define FLUSH_LSN 0x5000

static PgraftRaftStatus status;
static const PgraftPromotion data_chain[] = {
	{.term = 3, .node_id = 1, .timeline = 2, .parent = 1, .fork_lsn = 0x1000},
	{.term = 9, .node_id = 2, .timeline = 3, .parent = 2, .fork_lsn = 0x2000},
};
static int64_t lease_until_ms;
static uint64_t serving_term;

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
lost(const char *why)
{
	char message[1300];

	snprintf(message, sizeof message, "lost: %s", why);
	fatal(message);
}

static void
request_done(uint64_t ticket, const PgraftOutcome *outcome)
{
	(void) ticket;
	(void) outcome;
}

static void
want_barrier(const PgraftBarrier *barrier)
{
	(void) barrier;
}

static void
want_hand_over(int32_t node_id)
{
	(void) node_id;
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
say_log(void)
{
	const PgraftState *state = &pgraft_group.state;

	printf("\"last\":%llu,\"commit\":%llu,\"applied\":%llu,\"entries\":%llu,\"snapshot\":%llu,\"configuration\":%llu,"
		   "\"committed\":%s,\"asked\":%llu,",
		   (unsigned long long) status.last_index, (unsigned long long) status.commit_index,
		   (unsigned long long) status.last_applied, (unsigned long long) status.log_entries,
		   (unsigned long long) status.snapshot_index, (unsigned long long) status.configuration_index,
		   status.configuration_committed ? "true" : "false",
		   (unsigned long long) status.counters.sent[RAFT_REQUEST_VOTE - 1]);
	printf("\"group\":\"%s\",\"barrier\":%llu,\"history\":[", pgraft_own_group(),
		   (unsigned long long) status.barrier_term);
	for (int i = 0; i < state->n_history; i++)
		printf("%s%llu", i == 0 ? "" : ",", (unsigned long long) state->history[i].term);
	printf("],");
}

/* Those that this server has heard of lately, beside itself. */
static void
say_present(void)
{
	const char *separator = "";

	printf("\"present\":[");
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		int64_t age_ms;
		const PgraftPresence *presence = pgraft_presence_of(id, &age_ms);

		if (presence == NULL)
			continue;
		printf("%s{\"id\":%d,\"formed\":%s,\"group\":\"%s\"}", separator, id, presence->formed ? "true" : "false",
			   presence->group_id);
		separator = ",";
	}
	printf("]");
}

static void
say_detection(void)
{
	const PgraftCounters *counters = &status.counters;
	int linked = 0;

	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		linked += pgraft_group.peers.to[id].stream != NULL && pgraft_group.peers.from[id].stream != NULL;
	printf("\"linked\":%d,\"suspected\":%d,", linked, pgraft_group.detection.suspicion.leader);
	printf("\"timeout\":%u,\"suspicions\":%llu,\"judged\":%llu,\"silence\":%llu,", pgraft_group.timeout_in_use_ms,
		   (unsigned long long) counters->leader_suspicions, (unsigned long long) counters->leader_judged_dead,
		   (unsigned long long) counters->longest_leader_silence_ms);
}

static void
say_connections(void)
{
	printf("\"refused\":%llu,\"silent\":%llu,\"keys\":[", (unsigned long long) status.counters.greetings_refused,
		   (unsigned long long) status.counters.connections_silent);
	for (int i = 0; i < status.n_keys; i++)
		printf("%s\"%08x\"", i == 0 ? "" : ",", status.key_fingerprints[i]);
	printf("],");
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

		printf("%s{\"id\":%d,\"voter\":%s,\"reachable\":%s,\"report\":{\"term\":%llu,\"end\":%llu,\"links\":%d}}",
			   i == 0 ? "" : ",", peer->node_id, peer->voter ? "true" : "false", peer->reachable ? "true" : "false",
			   (unsigned long long) peer->report.term, (unsigned long long) peer->report.end_lsn, peer->report.n_links);
	}
	printf("],\"progress\":[");
	for (int i = 0; i < status.beat.n_progress; i++)
		printf("%s{\"id\":%d,\"match\":%llu,\"lag\":%lld}", i == 0 ? "" : ",", status.beat.progress[i].node_id,
			   (unsigned long long) status.beat.progress[i].match_index, (long long) status.beat.progress[i].lag_bytes);
	printf("],");
	say_detection();
	say_connections();
	say_log();
	say_present();
	printf("}\n");
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
change_done(struct raft_change *change, int change_status)
{
	if (change_status != 0)
		log_line("a change of the configuration was not committed");
	free(change);
}

static int
submit_change(const char *what, int32_t node_id)
{
	struct raft *raft = &pgraft_group.raft;
	struct raft_change *change = calloc(1, sizeof *change);
	char address[PGRAFT_ADDRESS_SIZE];

	snprintf(address, sizeof address, "127.0.0.1:%d", 7000 + node_id);
	if (strcmp(what, "add") == 0)
		return raft_add(raft, change, (raft_id) node_id, address, change_done);
	if (strcmp(what, "standby") == 0)
		return raft_assign(raft, change, (raft_id) node_id, RAFT_STANDBY, change_done);
	if (strcmp(what, "voter") == 0)
		return raft_assign(raft, change, (raft_id) node_id, RAFT_VOTER, change_done);
	if (strcmp(what, "remove") == 0)
		return raft_remove(raft, change, (raft_id) node_id, change_done);
	fatal("unknown command");
	return 0;
}

static void
dismiss(int32_t node_id, uint64_t index, const char *group_id)
{
	PgraftPeerMessage message = {.type = PGRAFT_PEER_REMOVED};

	message.u.notice.index = index;
	strcpy(message.u.notice.group_id, group_id);
	pgraft_peers_send(&pgraft_group.peers, node_id, &message);
}

static void
shut(uv_stream_t *stream)
{
	int fd;

	if (stream != NULL && uv_fileno((uv_handle_t *) stream, &fd) == 0)
		shutdown(fd, SHUT_RDWR);
}

static void
misjudge(int32_t node_id)
{
	PgraftSuspicion *suspicion = &pgraft_group.detection.suspicion;

	pgraft_suspicion_raise(suspicion, node_id, status.term, pgraft_now_ms());
	if (pgraft_suspicion_answer(suspicion, PGRAFT_PROBE_REFUSED, pgraft_now_ms()) != PGRAFT_DEAD)
		fatal("it is not taken for dead");
}

static void
deal_with(const char *what, int32_t node_id)
{
	char address[PGRAFT_ADDRESS_SIZE];

	snprintf(address, sizeof address, "127.0.0.1:%d", 7000 + node_id);
	if (strcmp(what, "meet") == 0)
		pgraft_presence_meet(node_id, address);
	else if (strcmp(what, "forget") == 0)
		pgraft_presence_forget(node_id);
	else if (strcmp(what, "misjudge") == 0)
		misjudge(node_id);
	else if (strcmp(what, "cut") == 0)
	{
		shut(pgraft_group.peers.to[node_id].stream);
		shut(pgraft_group.peers.from[node_id].stream);
	}
	else if (submit_change(what, node_id) != 0)
		log_line(raft_errmsg(&pgraft_group.raft));
}

static void
set_keys(PgraftKeys *keys, const char *letters)
{
	memset(keys, 0, sizeof *keys);
	for (; *letters != '\0' && keys->n < PGRAFT_MAX_KEYS; letters++)
		if (*letters != ' ')
			set_key(&keys->key[keys->n++], *letters);
}

static void
use_keys(const char *letters)
{
	PgraftKeys keys;

	set_keys(&keys, letters);
	pgraft_consensus_use_keys(&keys);
}

static void
obey(const char *command)
{
	unsigned long long term;
	unsigned long long end_lsn;
	unsigned long long index;
	int node_id;
	char word[33];

	if (strcmp(command, "status") == 0)
		say_status();
	else if (strcmp(command, "promote") == 0)
		propose(PGRAFT_ENTRY_INTENT, status.term, PGRAFT_ENTRY_INTENT);
	else if (strcmp(command, "stream ended") == 0)
		pgraft_consensus_stream_ended();
	else if (strcmp(command, "retire") == 0)
		serving_term = 0;
	else if (strncmp(command, "keys ", 5) == 0)
		use_keys(command + 5);
	else if (sscanf(command, "report %llu %llu", &term, &end_lsn) == 2)
		report(term, end_lsn);
	else if (sscanf(command, "invite %d %llu %32s", &node_id, &index, word) == 3)
		pgraft_presence_invite(node_id, index, word);
	else if (sscanf(command, "dismiss %d %llu %32s", &node_id, &index, word) == 3)
		dismiss(node_id, index, word);
	else if (sscanf(command, "%32s %d", word, &node_id) == 2)
		deal_with(word, node_id);
	else
		fatal("unknown command");
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
	configure_loopback(config, atoi(args[3]));
	if (getenv("MEMBER_KEYS") != NULL)
		set_keys(&config->keys, getenv("MEMBER_KEYS"));
	config->election_timeout_ms = (unsigned) atoi(args[4]);
	config->heartbeat_interval_ms = 50;
	config->snapshot_threshold = getenv("SNAPSHOTS_OFTEN") != NULL ? 8 : 1024;
	config->trailing_entries = getenv("SNAPSHOTS_OFTEN") != NULL ? 8 : 4096;
	config->system_identifier = 7;
	config->n_recover_links = sizeof data_chain / sizeof data_chain[0];
	config->recover_links = data_chain;
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
		.lost = lost,
	};
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
	if (config.initial_cluster.n > 0)
		give_token(config.data_dir);
	else if (pgraft_make_directory(config.data_dir) != 0)
		fatal("could not make the data directory");
	uv_loop_init(&loop);
	uv_poll_init(&loop, &commands, STDIN_FILENO);
	uv_poll_start(&commands, UV_READABLE, commands_came);
	pgraft_consensus_start(&loop, &config);
	printf("%d\n", (int) getpid());
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	return 0;
}
