/*
 * raft_message.c
 *	  A stream of libraft's messages: what comes out of it does not depend on how it is cut into pieces, and is what libraft may be given.
 *
 * Input: the size of the pieces and the stream.
 */
#include "fuzz/fuzz.h"

#include "net/raft_reader.h"

/* What was received: how many messages, and a digest of all their bytes. */
typedef struct Received
{
	uint64_t n;
	uint64_t digest;
} Received;

static void
add(Received *received, uint64_t value)
{
	received->digest = (received->digest ^ value) * 0x100000001b3;
}

static void
add_bytes(Received *received, const struct raft_buffer *buf)
{
	add(received, buf->len);
	for (size_t i = 0; i < buf->len; i++)
		add(received, ((const uint8_t *) buf->base)[i]);
}

static void
add_configuration(Received *received, const struct raft_configuration *configuration)
{
	HOLDS(configuration->n > 0);
	for (unsigned i = 0; i < configuration->n; i++)
	{
		HOLDS(configuration->servers[i].id > 0 && strlen(configuration->servers[i].address) < PGRAFT_ADDRESS_SIZE);
		add(received, configuration->servers[i].id);
	}
}

static void
add_entries(Received *received, const struct raft_append_entries *append)
{
	raft_term term = append->prev_log_term;

	for (unsigned i = 0; i < append->n_entries; i++)
	{
		const struct raft_entry *entry = &append->entries[i];
		struct raft_configuration configuration;

		HOLDS(entry->term > 0 && entry->term >= term && entry->term <= append->term && entry->batch != NULL);
		term = entry->term;
		add_bytes(received, &entry->buf);
		if (entry->type != RAFT_CHANGE)
			continue;
		/* As libraft will. */
		HOLDS(raft_configuration_decode(&entry->buf, &configuration) == 0);
		add_configuration(received, &configuration);
		raft_configuration_close(&configuration);
	}
}

static void
came(void *arg, struct raft_message *message)
{
	Received *received = arg;

	received->n++;
	HOLDS(message->server_id == 2 && strcmp(message->server_address, "replica1:7002") == 0);
	add(received, message->type);
	if (message->type == RAFT_APPEND_ENTRIES)
		add_entries(received, &message->append_entries);
	else if (message->type == RAFT_INSTALL_SNAPSHOT)
	{
		add_configuration(received, &message->install_snapshot.conf);
		HOLDS(message->install_snapshot.data.len > 0);
		add_bytes(received, &message->install_snapshot.data);
	}
	else
		HOLDS(message->type >= RAFT_APPEND_ENTRIES && message->type <= RAFT_TIMEOUT_NOW);
	pgraft_raft_message_drop(message);
}

static Received
receive(FuzzInput in, size_t piece)
{
	Received received = {0};
	PgraftRaftReader reader;
	const char *why = NULL;
	bool goes_on = true;

	pgraft_raft_reader_init(&reader, 2, "replica1:7002", came, &received);
	while (goes_on && in.size > 0)
	{
		uint8_t *into;
		size_t room = pgraft_raft_reader_room(&reader, &into);
		FuzzInput part = take_part(&in, piece < room ? piece : room);

		HOLDS(room > 0 && reader.room <= 65536 + 2 * reader.filled);
		memcpy(into, part.data, part.size);
		goes_on = pgraft_raft_reader_advance(&reader, part.size, &why);
		HOLDS(goes_on || why != NULL);
	}
	pgraft_raft_reader_close(&reader);
	return received;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	size_t piece = (size_t) take_u8(&in) + 1;
	Received at_once = receive(in, SIZE_MAX);
	Received in_pieces = receive(in, piece);

	HOLDS(at_once.n == in_pieces.n && at_once.digest == in_pieces.digest);
	return 0;
}
