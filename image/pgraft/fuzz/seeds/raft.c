/*
 * raft.c
 *	  Seeds: libraft's messages as raft_uv writes them, alone, with a running libraft, and behind a greeting.
 */
#include "fuzz/seeds/seeds.h"

#include <raft.h>

#define PIECE 255 /* the byte for the size of the pieces */

typedef void (*PutHeader)(ByteWriter *w);

static void
put_numbers(ByteWriter *w, int n, const uint64_t *numbers)
{
	for (int i = 0; i < n; i++)
		put_u64(w, numbers[i]);
}

/* What servers 1 to 3 of the fixture are. */
static size_t
put_configuration(ByteWriter *w)
{
	size_t begin = w->pos;

	put_u8(w, 1);
	put_u64(w, 3);
	for (uint64_t id = 1; id <= 3; id++)
	{
		put_u64(w, id);
		put_u8(w, (uint8_t) ('0' + id));
		put_u8(w, 0);
		put_u8(w, RAFT_VOTER);
	}
	while ((w->pos - begin) % 8 != 0)
		put_u8(w, 0);
	return w->pos - begin;
}

static size_t
configuration_size(void)
{
	uint8_t bytes[256];
	ByteWriter w = {.buf = bytes, .size = sizeof bytes};

	return put_configuration(&w);
}

static void
put_entry(ByteWriter *w, enum raft_entry_type type, size_t size)
{
	put_u64(w, 2);
	put_u32(w, (uint32_t) type);
	put_u32(w, (uint32_t) size);
}

static void
append_entries(ByteWriter *w)
{
	put_numbers(w, 5, (const uint64_t[]){2, 1, 1, 1, 2});
	put_entry(w, RAFT_COMMAND, 5);
	put_entry(w, RAFT_CHANGE, configuration_size());
	put_u64(w, 0);
}

static void
append_entries_payload(ByteWriter *w)
{
	put_bytes(w, "hello\0\0\0", 8);
	put_configuration(w);
}

static void
heartbeat(ByteWriter *w)
{
	put_numbers(w, 6, (const uint64_t[]){2, 1, 1, 1, 0, 0});
}

static void
append_result(ByteWriter *w)
{
	put_numbers(w, 4, (const uint64_t[]){2, 0, 1, 0});
}

static void
request_vote(ByteWriter *w)
{
	put_numbers(w, 5, (const uint64_t[]){3, 2, 1, 1, 1});
}

static void
vote_result(ByteWriter *w)
{
	put_numbers(w, 3, (const uint64_t[]){2, 1, 0});
}

static void
install_snapshot(ByteWriter *w)
{
	put_numbers(w, 5, (const uint64_t[]){2, 9, 2, 1, configuration_size()});
	put_configuration(w);
	put_numbers(w, 2, (const uint64_t[]){4, 0});
}

static void
install_snapshot_payload(ByteWriter *w)
{
	put_bytes(w, "data", 4);
}

static void
timeout_now(ByteWriter *w)
{
	put_numbers(w, 3, (const uint64_t[]){2, 1, 1});
}

static const struct
{
	const char *name;
	uint8_t type;
	PutHeader header;
	PutHeader payload;
} messages[] = {
	{"append", RAFT_APPEND_ENTRIES, append_entries, append_entries_payload},
	{"heartbeat", RAFT_APPEND_ENTRIES, heartbeat, NULL},
	{"append-result", RAFT_APPEND_ENTRIES_RESULT, append_result, NULL},
	{"vote", RAFT_REQUEST_VOTE, request_vote, NULL},
	{"vote-result", RAFT_REQUEST_VOTE_RESULT, vote_result, NULL},
	{"snapshot", RAFT_INSTALL_SNAPSHOT, install_snapshot, install_snapshot_payload},
	{"timeout-now", RAFT_TIMEOUT_NOW, timeout_now, NULL},
};

#define N_MESSAGES (sizeof messages / sizeof messages[0])

/* Preamble, header and payload; the size of the header. */
static size_t
put_message(ByteWriter *w, size_t i)
{
	uint8_t header[512];
	ByteWriter h = {.buf = header, .size = sizeof header};

	messages[i].header(&h);
	put_u64(w, messages[i].type);
	put_u64(w, h.pos);
	put_bytes(w, header, h.pos);
	if (messages[i].payload != NULL)
		messages[i].payload(w);
	HOLDS(!h.failed && !w->failed);
	return h.pos;
}

/* For raft_stream: to a follower of node 2, or to a leader. */
static void
save_for_libraft(size_t i, bool leads)
{
	uint8_t message[1024];
	uint8_t bytes[1024];
	ByteWriter m = {.buf = message, .size = sizeof message};
	ByteWriter w = {.buf = bytes, .size = sizeof bytes};
	size_t header_size = put_message(&m, i);
	char name[32];

	put_u8(&w, leads ? 1 : 0);
	put_u8(&w, (uint8_t) (messages[i].type << 2 | 1));
	put_u16(&w, (uint16_t) (2 + m.pos - 16));
	put_u16(&w, (uint16_t) header_size);
	put_bytes(&w, message + 16, m.pos - 16);
	put_u8(&w, 100);
	HOLDS(!w.failed);
	snprintf(name, sizeof name, "%s-to-%s", messages[i].name, leads ? "leader" : "follower");
	save_seed("raft_stream", name, bytes, w.pos);
}

/* The flags are those of connection.c. */
static void
save_connection(const char *name, uint8_t flags, int kind)
{
	static const uint8_t no_proof[32];
	uint8_t bytes[4096];
	ByteWriter w = {.buf = bytes, .size = sizeof bytes};

	put_u8(&w, flags);
	put_u8(&w, PIECE);
	put_hello(&w, kind);
	put_bytes(&w, no_proof, sizeof no_proof);
	for (size_t i = 0; i < N_MESSAGES && kind == 1; i++)
		put_message(&w, i);
	for (int i = 0; i < 20 && kind == 2; i++) /* more than a link keeps at a time */
		put_beat_frame(&w);
	HOLDS(!w.failed);
	save_seed("connection", name, bytes, w.pos);
}

void
write_raft_seeds(void)
{
	uint8_t bytes[2048];

	for (size_t i = 0; i < N_MESSAGES; i++)
	{
		ByteWriter w = {.buf = bytes, .size = sizeof bytes};

		put_u8(&w, PIECE);
		put_message(&w, i);
		save_seed("raft_message", messages[i].name, bytes, w.pos);
		save_for_libraft(i, false);
		save_for_libraft(i, true);
	}
	save_connection("stranger", 0, 2);
	save_connection("raft", 1, 1);
	save_connection("raft-too-early", 3, 1);
	save_connection("raft-closed-here", 5, 1);
	save_connection("peer", 1, 2);
	save_connection("peer-twice", 9, 2);
	save_connection("raft-twice", 9, 1);
}
