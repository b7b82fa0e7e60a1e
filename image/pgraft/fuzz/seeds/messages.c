/*
 * messages.c
 *	  Seeds: a message of each kind, and both sides of the greeting.
 */
#include "fuzz/seeds/seeds.h"

#include "core/peer_message.h"
#include "fuzz/support/weak_mac.h"

static const char incarnation[] = "00112233445566778899aabbccddeeff";
static const PgraftPromotion links[2] = {
	{.term = 2, .node_id = 1, .timeline = 2, .parent = 1, .fork_lsn = 0x3000148},
	{.term = 5, .node_id = 2, .timeline = 3, .parent = 2, .fork_lsn = 0x5000028},
};

static void
save_message(const char *name, const PgraftPeerMessage *message)
{
	uint8_t frame[PGRAFT_PEER_FRAME_SIZE];
	size_t n = pgraft_peer_message_encode(message, frame, sizeof frame);

	HOLDS(n > 0);
	save_seed("peer_message", name, frame + PGRAFT_PEER_HEADER_SIZE, n - PGRAFT_PEER_HEADER_SIZE);
}

static PgraftPeerMessage
beat(void)
{
	PgraftPeerMessage m = {.type = PGRAFT_PEER_BEAT, .term = 5, .seq = 7, .sent_at_ms = 1};

	m.u.beat = (PgraftBeat){.term = 5, .promotion_term = 5, .flush_lsn = 9, .rejoin_node = 2, .n_progress = 1};
	m.u.beat.progress[0] = (PgraftProgress){.node_id = 2, .match_index = 3, .heard_ms = -1, .lag_bytes = -1};
	return m;
}

void
put_beat_frame(ByteWriter *w)
{
	PgraftPeerMessage m = beat();
	uint8_t frame[PGRAFT_PEER_FRAME_SIZE];
	size_t n = pgraft_peer_message_encode(&m, frame, sizeof frame);

	HOLDS(n > 0);
	put_bytes(w, frame, n);
}

void
write_message_seeds(void)
{
	PgraftPeerMessage m = beat();

	save_message("beat", &m);
	m = (PgraftPeerMessage){.type = PGRAFT_PEER_ANSWER, .term = 5};
	save_message("answer-none", &m);
	m.u.report = (PgraftReport){.term = 5, .end_lsn = 9, .witness = true, .n_links = 2};
	memcpy(m.u.report.links, links, sizeof links);
	save_message("answer", &m);
	m = (PgraftPeerMessage){.type = PGRAFT_PEER_PRESENT, .u.presence = {.formed = true, .system_identifier = 4}};
	strcpy(m.u.presence.group_id, incarnation);
	strcpy(m.u.presence.incarnation, incarnation);
	save_message("present", &m);
	m = (PgraftPeerMessage){.type = PGRAFT_PEER_INVITE, .u.notice = {.index = 8}};
	strcpy(m.u.notice.group_id, incarnation);
	strcpy(m.u.notice.incarnation, incarnation);
	save_message("invite", &m);
	m.type = PGRAFT_PEER_REMOVED;
	m.u.notice.incarnation[0] = '\0';
	save_message("removed", &m);
	for (int kind = PGRAFT_REQUEST_SET_CONFIG; kind <= PGRAFT_REQUEST_EVENT; kind++)
	{
		char name[32];

		m = (PgraftPeerMessage){.type = PGRAFT_PEER_REQUEST, .seq = 1};
		m.u.request = (PgraftRequest){.kind = (PgraftRequestKind) kind, .node_id = 3, .event_type = 13};
		strcpy(m.u.request.key, "cluster_name");
		strcpy(m.u.request.value, "demo");
		strcpy(m.u.request.address, "replica2:7003");
		snprintf(name, sizeof name, "request-%d", kind);
		save_message(name, &m);
	}
	m = (PgraftPeerMessage){.type = PGRAFT_PEER_OUTCOME, .seq = 1};
	m.u.outcome = (PgraftOutcome){.code = PGRAFT_OUTCOME_STATE, .leader_id = 2, .message = "no", .hint = "wait"};
	save_message("outcome", &m);
}

static PgraftIdentity
replica(void)
{
	PgraftIdentity two = {.node_id = 2, .postgres_port = 5433, .name = "replica1", .address = "10.0.0.2:7002"};

	strcpy(two.incarnation, incarnation);
	return two;
}

void
put_hello(ByteWriter *w, int kind)
{
	const PgraftIdentity two = replica();
	PgraftGreeting client;

	pgraft_greeting_init(&client, &weak_crypto, fuzz_key, sizeof fuzz_key, &two);
	HOLDS(pgraft_greeting_hello(&client, (PgraftStreamKind) kind, fuzz_self.node_id) == PGRAFT_GREETING_OK);
	put_bytes(w, client.hello, sizeof client.hello);
}

/* Of node 2 to node 1, which has dialled it. */
static void
put_challenge(ByteWriter *w)
{
	const PgraftIdentity two = replica();
	PgraftGreeting client;
	PgraftGreeting server;

	pgraft_greeting_init(&server, &weak_crypto, fuzz_key, sizeof fuzz_key, &two);
	pgraft_greeting_init(&client, &weak_crypto, fuzz_key, sizeof fuzz_key, &fuzz_self);
	HOLDS(pgraft_greeting_hello(&client, PGRAFT_STREAM_PEER, 2) == PGRAFT_GREETING_OK);
	memcpy(server.hello, client.hello, sizeof server.hello);
	HOLDS(pgraft_greeting_challenge(&server) == PGRAFT_GREETING_OK);
	put_bytes(w, server.challenge, sizeof server.challenge);
}

/* The flags are those of greeting.c. */
void
write_greeting_seeds(void)
{
	static const uint8_t no_proof[PGRAFT_PROOF_SIZE];
	uint8_t bytes[1 + PGRAFT_HELLO_SIZE + PGRAFT_PROOF_SIZE];

	for (int flags = 0; flags <= 3; flags++)
	{
		ByteWriter w = {.buf = bytes, .size = sizeof bytes};
		char name[16];

		put_u8(&w, (uint8_t) flags);
		if (flags % 2 == 1)
			put_challenge(&w);
		else
		{
			put_hello(&w, flags == 0 ? PGRAFT_STREAM_RAFT : PGRAFT_STREAM_PEER);
			put_bytes(&w, no_proof, sizeof no_proof);
		}
		HOLDS(!w.failed);
		snprintf(name, sizeof name, "flags-%d", flags);
		save_seed("greeting", name, bytes, w.pos);
	}
}
