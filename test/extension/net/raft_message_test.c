/*
 * raft_message_test.c
 *	  libraft's messages as peers send them: those that raft_uv writes are read as they were, and nothing else is.
 */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "core/bytes.h"
#include "net/files.h"
#include "net/formation.h"
#include "net/raft_configuration.h"
#include "net/raft_reader.h"

static uint8_t bytes[4096];
static ByteWriter w;
static PgraftRaftReader reader;
static struct raft_message received; /* what it brings along is freed by begin() and the end of each test */
static int n_received;
static const char *why;

static void
came(void *arg, struct raft_message *message)
{
	(void) arg;
	pgraft_raft_message_drop(&received);
	received = *message;
	n_received++;
}

static void
begin(void)
{
	w = (ByteWriter){.buf = bytes, .size = sizeof bytes};
	n_received = 0;
	why = "";
}

static void
put_preamble(enum raft_message_type type, uint64_t header_size)
{
	begin();
	put_u64(&w, type);
	put_u64(&w, header_size);
}

static size_t
put_configuration(uint64_t id, const char *address, uint8_t role)
{
	size_t from = w.pos;

	put_u8(&w, 1);
	put_u64(&w, 1);
	put_u64(&w, id);
	put_bytes(&w, address, strlen(address) + 1);
	put_u8(&w, role);
	while ((w.pos - from) % 8 != 0)
		put_u8(&w, 0);
	return w.pos - from;
}

/* The stream, in pieces of this size; true if it may go on. */
static bool
read_stream(size_t piece)
{
	bool goes_on = true;
	size_t at = 0;

	pgraft_raft_reader_init(&reader, 2, "replica1:7002", came, NULL);
	while (goes_on && at < w.pos)
	{
		uint8_t *into;
		size_t n = pgraft_raft_reader_room(&reader, &into);

		if (n > piece)
			n = piece;
		if (n > w.pos - at)
			n = w.pos - at;
		memcpy(into, bytes + at, n);
		at += n;
		goes_on = pgraft_raft_reader_advance(&reader, n, &why);
	}
	pgraft_raft_reader_close(&reader);
	return goes_on;
}

static void
check_refused(const char *reason)
{
	CHECK(!read_stream(sizeof bytes));
	CHECK_INT(n_received, 0);
	CHECK_TEXT(why, reason);
}

static const char impossible[] = "the header of a Raft message is cut off or a value in it is impossible";

/* Term 3 behind entry 7 of term 2, committed up to 6. */
static void
put_append(uint64_t n, uint64_t entry_term, uint8_t entry_type, uint32_t size)
{
	put_preamble(RAFT_APPEND_ENTRIES, 48 + 16 * n);
	put_u64(&w, 3);
	put_u64(&w, 7);
	put_u64(&w, 2);
	put_u64(&w, 6);
	put_u64(&w, n);
	for (uint64_t i = 0; i < n; i++)
	{
		put_u64(&w, entry_term);
		put_u32(&w, entry_type);
		put_u32(&w, size);
	}
	put_u64(&w, 0);
}

static void
put_install(uint64_t last_index, uint64_t last_term, uint64_t id, uint64_t data_size)
{
	size_t size;

	put_preamble(RAFT_INSTALL_SNAPSHOT, 0);
	put_u64(&w, 3);
	put_u64(&w, last_index);
	put_u64(&w, last_term);
	put_u64(&w, 1);
	put_u64(&w, 0);
	size = put_configuration(id, "primary:7001", RAFT_VOTER);
	put_u64(&w, data_size);
	put_u64(&w, 0);
	bytes[8] = (uint8_t) (w.pos - 16);
	bytes[16 + 4 * 8] = (uint8_t) size;
}

TEST(entries_are_read_however_they_are_cut)
{
	for (size_t piece = 1; piece < 100; piece++)
	{
		put_append(2, 3, RAFT_COMMAND, 5);
		put_bytes(&w, "first\0\0\0other\0\0\0", 16);
		CHECK(read_stream(piece));
		CHECK_INT(n_received, 1);
		CHECK_INT(received.server_id, 2);
		CHECK_INT(received.append_entries.prev_log_index, 7);
		CHECK_INT(received.append_entries.n_entries, 2);
		CHECK_INT(received.append_entries.entries[1].buf.len, 5);
		CHECK(memcmp(received.append_entries.entries[1].buf.base, "other", 5) == 0);
	}
	pgraft_raft_message_drop(&received);
}

TEST(a_heartbeat_and_what_follows_it_on_the_stream_are_read)
{
	size_t first;

	put_append(0, 0, 0, 0);
	first = w.pos;
	put_bytes(&w, bytes, first);
	CHECK(read_stream(sizeof bytes));
	CHECK_INT(n_received, 2);
	CHECK_INT(received.append_entries.leader_commit, 6);
}

TEST(a_snapshot_and_its_configuration_are_read)
{
	put_install(9, 2, 4, 4);
	put_bytes(&w, "data", 4);
	CHECK(read_stream(3));
	CHECK_INT(n_received, 1);
	CHECK_INT(received.install_snapshot.conf.n, 1);
	CHECK_INT(received.install_snapshot.conf.servers[0].id, 4);
	CHECK_TEXT(received.install_snapshot.conf.servers[0].address, "primary:7001");
	CHECK_INT(received.install_snapshot.data.len, 4);
	pgraft_raft_message_drop(&received);
}

/* libraft reads past its end. */
TEST(a_header_that_is_too_short_is_refused)
{
	for (enum raft_message_type type = RAFT_APPEND_ENTRIES; type <= RAFT_TIMEOUT_NOW; type++)
	{
		put_preamble(type, 8);
		put_u64(&w, 3);
		check_refused(impossible);
	}
}

/* libraft would allocate for as many, and read on. */
TEST(more_entries_than_the_header_has_are_refused)
{
	put_append(1, 3, RAFT_COMMAND, 8);
	bytes[16 + 4 * 8 + 3] = 1;
	check_refused(impossible);
}

/* libraft follows a null pointer. */
TEST(an_entry_of_an_unknown_type_or_an_impossible_term_is_refused)
{
	put_append(1, 3, 4, 8);
	check_refused(impossible);
	put_append(1, 4, RAFT_COMMAND, 8);
	check_refused(impossible);
	put_append(1, 1, RAFT_COMMAND, 8);
	check_refused(impossible);
	put_append(1, 3, RAFT_COMMAND, 0);
	check_refused(impossible);
}

/* libraft takes a server of id 0 in, or frees the configuration twice. */
TEST(a_configuration_that_is_none_is_refused)
{
	put_append(1, 3, RAFT_CHANGE, 8);
	put_bytes(&w, "\1\1\0\0\0\0\0\0", 8);
	check_refused("an entry of a Raft message is no configuration");
	put_install(9, 2, 0, 4);
	check_refused(impossible);
}

TEST(a_snapshot_of_an_impossible_place_is_refused)
{
	put_install(0, 2, 1, 4);
	check_refused(impossible);
	put_install(9, 4, 1, 4);
	check_refused(impossible);
	put_install(9, 2, 1, 0);
	check_refused(impossible);
	put_install(9, 2, 1, PGRAFT_RAFT_PAYLOAD_MAX + 1);
	check_refused(impossible);
}

TEST(terms_and_indexes_that_cannot_be_counted_on_from_are_refused)
{
	put_append(0, 0, 0, 0);
	bytes[16 + 7] = 0x7f;
	check_refused(impossible);
	put_append(0, 0, 0, 0);
	bytes[16 + 8 + 7] = 0x7f;
	check_refused(impossible);
}

TEST(an_unknown_type_and_an_impossible_size_are_refused_at_once)
{
	put_preamble(RAFT_TIMEOUT_NOW + 1, 24);
	check_refused("a Raft message has an unknown type");
	put_preamble(RAFT_TIMEOUT_NOW, 0);
	check_refused("no Raft message has a header of that size");
	put_preamble(RAFT_TIMEOUT_NOW, PGRAFT_RAFT_HEADER_MAX + 1);
	check_refused("no Raft message has a header of that size");
}

TEST(memory_grows_with_what_has_come_not_with_what_was_announced)
{
	uint8_t *into;

	put_preamble(RAFT_APPEND_ENTRIES, PGRAFT_RAFT_HEADER_MAX);
	pgraft_raft_reader_init(&reader, 2, "replica1:7002", came, NULL);
	(void) pgraft_raft_reader_room(&reader, &into);
	memcpy(into, bytes, w.pos);
	CHECK(pgraft_raft_reader_advance(&reader, w.pos, &why));
	CHECK_INT(pgraft_raft_reader_room(&reader, &into), 65536);
	pgraft_raft_reader_close(&reader);
}

static bool
is_configuration(size_t size)
{
	struct raft_configuration configuration;
	bool valid = pgraft_raft_configuration_decode(bytes, size, &configuration);

	raft_configuration_close(&configuration);
	return valid;
}

TEST(a_configuration_is_as_long_as_its_servers)
{
	size_t size;

	begin();
	size = put_configuration(1, "primary:7001", RAFT_VOTER);
	CHECK(is_configuration(size));
	for (size_t cut = 0; cut < 1 + 8 + 8 + 13 + 1; cut++)
		CHECK(!is_configuration(cut));
	begin();
	CHECK(!is_configuration(put_configuration(1, "primary:7001", RAFT_SPARE + 1)));
	begin();
	CHECK(!is_configuration(put_configuration(1, "", RAFT_VOTER)));
}

static PgraftFormation files;
static char err[1200];

/* What a server makes of this file, when there is no Raft log beside it: is it believed? */
static bool
believes(const char *text, size_t size)
{
	static char directory[] = "/tmp/pgraft-test-XXXXXX";
	PgraftFormed formed;

	if (files.data_dir[0] == '\0' && (mkdtemp(directory) == NULL || !pgraft_formation_init(&files, directory)))
		abort();
	CHECK_INT(pgraft_write_durably(files.formed_path, text, size), 0);
	CHECK_INT(pgraft_formation_read(&files, &formed, err, sizeof err), PGRAFT_FORMATION_LOST);
	return strstr(err, "is damaged") == NULL;
}

/* The length of text up to its end in a whole file that is a whole file, too. */
#define UP_TO(text) (size == strlen(text))

TEST(a_formation_file_of_which_a_bit_has_changed_or_the_end_is_gone_is_not_believed)
{
	const PgraftFormed formed = {.node_id = 2, .joined_at = 7, .promises = true};
	char text[256];
	size_t size;

	CHECK(!believes("", 0));
	CHECK_INT(pgraft_formation_commit(&files, &formed), 0);
	CHECK_INT(pgraft_read_file(files.formed_path, text, sizeof text), 0);
	size = strlen(text);
	CHECK(believes(text, size));
	for (size_t at = 0; at < size; at++)
	{
		CHECK(!believes(text, at));
		for (int bit = 0; bit < 8; bit++)
		{
			text[at] = (char) (text[at] ^ 1 << bit);
			CHECK(!believes(text, size));
			text[at] = (char) (text[at] ^ 1 << bit);
		}
	}
}

TEST(a_formation_file_that_an_older_version_has_written_is_believed_and_no_other)
{
	static const char whole[] =
		"node_id=2\njoined_at=7\njoining=yes\ngroup_id=00112233445566778899aabbccddeeff\npromises=yes\n";
	char text[sizeof whole];

	CHECK(believes(whole, sizeof whole - 1));
	for (size_t size = 0; size < sizeof whole - 1; size++)
	{
		bool complete = UP_TO("node_id=2\n") || UP_TO("node_id=2\njoined_at=7\njoining=yes\n") ||
						size == sizeof whole - 1 - strlen("promises=yes\n");

		CHECK_INT(believes(whole, size), complete);
	}
	for (size_t at = 0; at < sizeof whole - 1; at++)
	{
		memcpy(text, whole, sizeof whole);
		text[at] = '\0';
		CHECK(!believes(text, sizeof whole - 1));
	}
	CHECK(!believes("node_id=2\njoined_at=7\njoining=yfs\n", 34));
}
