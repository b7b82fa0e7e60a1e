/*
 * connection.c
 *	  What comes in at the Raft port, from the first byte on: the greeting, and behind it either kind of stream.  A stranger is read no further
 *	  than a greeting goes, is given nothing, and leaves nothing behind; how the bytes are cut into pieces makes no difference to memory.
 *
 * Input: a byte of flags, a byte for the size of the pieces, and what is sent.
 */
#include "fuzz/support/weak_mac.h"
#include "fuzz/support/wire.h"

#include "net/peers.h"
#include "net/raft_message.h"
#include "net/transport_private.h"

#define FLAG_KEY		 1 /* the bytes of the proof are put right: the peer has the key */
#define FLAG_NO_LIBRAFT	 2 /* not started yet */
#define FLAG_STAYS_OPEN	 4 /* closed by this end, with the transport */
#define FLAG_COMES_TWICE 8 /* the same again on a second connection, while the first is open */

static PgraftTransport *transport;
static PgraftPeers peers;
static uint64_t refusals;
static uint64_t silent;
static uint64_t errors;
static int n_met;
static int n_messages;
static bool closed;

static void
log_line(const char *message)
{
	HOLDS(strlen(message) < 256);
}

static void
met(void *arg, const PgraftIdentity *peer)
{
	HOLDS(peer->node_id > 0 && peer->node_id != fuzz_self.node_id);
	n_met++;
}

static void
peer_came(void *arg, int32_t node_id, uv_stream_t *stream)
{
	HOLDS(n_met > 0);
	pgraft_peers_accept(&peers, node_id, stream);
}

static void
raft_message(void *arg, struct raft_message *message)
{
	HOLDS(n_met > 0 && message->server_id >= 1 && message->server_id <= PGRAFT_MAX_NODES);
	n_messages++;
	pgraft_raft_message_drop(message);
}

static void
peer_message(void *arg, int32_t from, const PgraftPeerMessage *message)
{
	HOLDS(n_met > 0 && from >= 1 && from <= PGRAFT_MAX_NODES);
	HOLDS(message->type >= PGRAFT_PEER_BEAT && message->type <= PGRAFT_PEER_OUTCOME);
	n_messages++;
}

static void
link_ended(void *arg, int32_t node_id)
{
}

static void
transport_closed(struct raft_uv_transport *rt)
{
	HOLDS(!closed);
	closed = true;
}

static void
begin(bool libraft)
{
	PgraftTransportConfig config = {
		.self = fuzz_self,
		.keys = {.n = 1, .key = {{.size = sizeof fuzz_key}}},
		.crypto = &weak_crypto,
		.log = log_line,
		.peer_met = met,
		.peer_stream = peer_came,
		.raft_message = raft_message,
		.refusals = &refusals,
		.silent = &silent,
	};

	memcpy(config.keys.key[0].bytes, fuzz_key, sizeof fuzz_key);
	n_met = n_messages = 0;
	refusals = errors = 0;
	closed = false;
	memset(&peers, 0, sizeof peers);
	peers.config = (PgraftPeersConfig){.message = peer_message, .link_ended = link_ended, .log = log_line};
	peers.config.errors = &errors;
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		peers.from[id] = (PgraftLinkFrom){.peers = &peers, .node_id = id};
	transport = pgraft_transport_new(NULL, &config);
	HOLDS(transport != NULL);
	if (libraft)
		HOLDS(pgraft_transport_raft(transport)->listen(pgraft_transport_raft(transport), NULL) == 0);
}

/* Send on while somebody reads; the stream may pass from one reader to the next in between. */
static void
pour(uv_stream_t *stream, FuzzInput *from, size_t piece)
{
	while (wire_send(stream, from, piece))
		wire_turn();
}

/* A peer with the key sends the proof that is right, whatever stands in its place; the proof of a stranger is never right. */
static void
put_right(const uint8_t *hello, const Wire *wire, bool has_key, uint8_t *proof)
{
	uint8_t right[PGRAFT_PROOF_SIZE];

	HOLDS(wire->n_written == PGRAFT_CHALLENGE_SIZE);
	weak_proof(hello, wire->written, right);
	if (has_key)
		memcpy(proof, right, sizeof right);
	else if (memcmp(proof, right, sizeof right) == 0)
		proof[0] ^= 1;
}

static uv_stream_t *
connect_and_send(FuzzInput in, size_t piece, bool has_key)
{
	static uv_stream_t listener;
	uint8_t proof_bytes[PGRAFT_PROOF_SIZE] = {0};
	FuzzInput hello = take_part(&in, PGRAFT_HELLO_SIZE);
	FuzzInput hello_left = hello;
	FuzzInput proof = take_part(&in, sizeof proof_bytes);
	uv_stream_t *stream;

	listener.data = transport;
	pgraft_accept(&listener, 0);
	stream = wire_accepted();
	pour(stream, &hello_left, piece);
	if (proof.size == sizeof proof_bytes)
		memcpy(proof_bytes, proof.data, sizeof proof_bytes);
	if (wire_of(stream) != NULL && wire_of(stream)->n_written > 0)
		put_right(hello.data, wire_of(stream), has_key, proof_bytes);
	proof = (FuzzInput){.data = proof_bytes, .size = proof.size};
	pour(stream, &proof, piece);
	pour(stream, &in, piece);
	return stream;
}

static void
end(uv_stream_t *streams[2], bool by_this_end)
{
	struct raft_uv_transport *rt = pgraft_transport_raft(transport);

	for (int i = 0; i < 2 && !by_this_end; i++)
		wire_end(streams[i]);
	wire_turn();
	rt->close(rt, transport_closed);
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
		if (peers.from[id].stream != NULL)
			pgraft_stream_close(&peers.from[id].stream);
	wire_turn();
	HOLDS(closed && wire_is_still());
	free(transport);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	uint8_t flags = take_u8(&in);
	size_t piece = (size_t) take_u8(&in) * 8 + 1;
	bool has_key = (flags & FLAG_KEY) != 0;
	uv_stream_t *streams[2] = {NULL, NULL};

	begin((flags & FLAG_NO_LIBRAFT) == 0);
	streams[0] = connect_and_send(in, piece, has_key);
	if ((flags & FLAG_COMES_TWICE) != 0)
		streams[1] = connect_and_send(in, piece, has_key);
	end(streams, (flags & FLAG_STAYS_OPEN) != 0);
	HOLDS(has_key || (n_met == 0 && n_messages == 0));
	return 0;
}
