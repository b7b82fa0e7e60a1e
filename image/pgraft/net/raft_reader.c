/*
 * raft_reader.c
 *	  See raft_reader.h.
 */
#include "net/raft_reader.h"

#include <stdio.h>
#include <string.h>

#define FIRST_ROOM ((size_t) 64 * 1024)

static void
begin_part(PgraftRaftReader *reader, int part, size_t wanted)
{
	reader->part = part;
	reader->wanted = wanted;
	reader->filled = reader->room = 0;
	reader->bytes = NULL;
}

void
pgraft_raft_reader_init(PgraftRaftReader *reader, raft_id from, const char *address, PgraftRaftReceiver receiver,
						void *arg)
{
	memset(reader, 0, sizeof *reader);
	reader->receiver = receiver;
	reader->arg = arg;
	reader->from = from;
	snprintf(reader->address, sizeof reader->address, "%s", address);
	begin_part(reader, PGRAFT_RAFT_PREAMBLE, PGRAFT_RAFT_PREAMBLE_SIZE);
}

static bool
grow(PgraftRaftReader *reader)
{
	size_t room = reader->room == 0 ? FIRST_ROOM : reader->room * 2;
	uint8_t *bytes;

	if (room > reader->wanted)
		room = reader->wanted;
	bytes = raft_realloc(reader->bytes, room);
	if (bytes == NULL)
		return false;
	reader->bytes = bytes;
	reader->room = room;
	return true;
}

size_t
pgraft_raft_reader_room(PgraftRaftReader *reader, uint8_t **into)
{
	if (reader->part == PGRAFT_RAFT_PREAMBLE)
	{
		*into = reader->preamble_bytes + reader->filled;
		return reader->wanted - reader->filled;
	}
	if (reader->filled == reader->room && !grow(reader))
		return 0;
	*into = reader->bytes + reader->filled;
	return reader->room - reader->filled;
}

/* From here on all that the message has brought along is libraft's. */
static void
deliver(PgraftRaftReader *reader)
{
	reader->message.server_id = reader->from;
	reader->message.server_address = reader->address;
	reader->receiver(reader->arg, &reader->message);
	memset(&reader->message, 0, sizeof reader->message);
	begin_part(reader, PGRAFT_RAFT_PREAMBLE, PGRAFT_RAFT_PREAMBLE_SIZE);
}

static bool
take_preamble(PgraftRaftReader *reader, const char **why)
{
	if (!pgraft_raft_preamble_decode(reader->preamble_bytes, &reader->preamble, why))
		return false;
	begin_part(reader, PGRAFT_RAFT_HEADER, reader->preamble.header_size);
	return true;
}

static bool
take_header(PgraftRaftReader *reader, const char **why)
{
	size_t payload_size;
	bool valid = pgraft_raft_header_decode(&reader->preamble, reader->bytes, &reader->message, &payload_size, why);

	raft_free(reader->bytes);
	begin_part(reader, PGRAFT_RAFT_PAYLOAD, payload_size);
	if (valid && payload_size == 0)
		deliver(reader);
	return valid;
}

static bool
take_payload(PgraftRaftReader *reader, const char **why)
{
	uint8_t *payload = reader->bytes;

	reader->bytes = NULL;
	if (!pgraft_raft_payload_take(&reader->message, payload, why))
		return false;
	deliver(reader);
	return true;
}

bool
pgraft_raft_reader_advance(PgraftRaftReader *reader, size_t n, const char **why)
{
	reader->filled += n;
	if (reader->filled < reader->wanted)
		return true;
	switch (reader->part)
	{
		case PGRAFT_RAFT_PREAMBLE:
			return take_preamble(reader, why);
		case PGRAFT_RAFT_HEADER:
			return take_header(reader, why);
		case PGRAFT_RAFT_PAYLOAD:
			break;
	}
	return take_payload(reader, why);
}

void
pgraft_raft_reader_close(PgraftRaftReader *reader)
{
	raft_free(reader->bytes);
	reader->bytes = NULL;
	pgraft_raft_message_drop(&reader->message);
}
