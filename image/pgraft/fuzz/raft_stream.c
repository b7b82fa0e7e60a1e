/*
 * raft_stream.c
 *	  What peers send as libraft's messages, through the reader and the io layer into libraft, which trusts everything: nothing of it may end the
 *	  process, or take back what is committed.  A group of three in libraft's fixture, with its simulated clock, network and disk; the first one
 *	  hears the input.
 *
 * Input: a byte of flags, then pieces, each beginning with a byte: even, so many milliseconds pass; odd, what a peer sends: 16 bits of length,
 * 16 bits for the size of the header in a preamble that fits, and the bytes behind that preamble; from 0x81 on the bytes as they are.
 */
#include "fuzz/fuzz.h"

#include <raft.h>
#include <raft/fixture.h>

#include "net/io.h"
#include "net/raft_reader.h"

#define N_SERVERS	3
#define FLAG_LEADER 1 /* the first server leads; otherwise nobody does yet */

static struct raft_fixture fixture;
static PgraftIo layer;
static PgraftRaftReader readers[N_SERVERS + 1]; /* by id */

static bool
always(void *arg)
{
	return true;
}

static bool
admits(void *arg, int32_t node_id)
{
	return true;
}

static void
heard(void *arg, int32_t node_id, raft_term term)
{
}

static void
end_of_worker(const char *message)
{
	HOLDS(message == NULL);
}

static void
stuck(void *arg)
{
	HOLDS(arg != NULL);
}

static void
came(void *arg, struct raft_message *message)
{
	pgraft_io_receive(raft_fixture_get(&fixture, 0)->io, message);
}

static int
apply(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result)
{
	*result = NULL;
	return 0;
}

static int
snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n_bufs)
{
	*n_bufs = 0;
	return RAFT_NOMEM;
}

static int
restore(struct raft_fsm *fsm, struct raft_buffer *buf)
{
	raft_free(buf->base);
	return 0;
}

static void
say_nothing(struct raft_tracer *tracer, int type, const void *info)
{
}

/* The fixture's own writes some kilobytes for each input. */
static struct raft_tracer silence = {.version = 2, .emit = say_nothing};

/* The fixture's own takes every log to begin with entry 1, so that behind a snapshot it reads more than there is; nobody reads what it leaves. */
static int
truncate_log(struct raft_io *io, raft_index index)
{
	return 0;
}

static int (*start)(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick, raft_io_recv_cb recv);

static void
let_time_pass(struct raft_io *io)
{
}

/* The others answer, and never stand: with forged votes there would be two leaders of one term, for which the fixture aborts. */
static int
start_other(struct raft_io *io, unsigned msecs, raft_io_tick_cb tick, raft_io_recv_cb recv)
{
	return start(io, msecs, let_time_pass, recv);
}

static struct raft_fsm fsm = {.version = 1, .apply = apply, .snapshot = snapshot, .restore = restore};

static void
add_server(unsigned i)
{
	struct raft *raft;

	HOLDS(raft_fixture_grow(&fixture, &fsm) == 0);
	raft = raft_fixture_get(&fixture, i);
	raft->tracer = &silence;
	raft->io->truncate = truncate_log;
	start = raft->io->start;
	if (i > 0)
		raft->io->start = start_other;
}

static void
begin(bool leads)
{
	struct raft_configuration configuration;

	memset(&fixture, 0, sizeof fixture); /* it would take the last input's leader for its own */
	HOLDS(raft_fixture_init(&fixture) == 0);
	for (unsigned i = 0; i < N_SERVERS; i++)
		add_server(i);
	layer = (PgraftIo){
		.self = 1,
		.pass_tick = always,
		.admits = admits,
		.leader_heard = heard,
		.stuck_joining = stuck,
		.fatal = end_of_worker,
	};
	pgraft_io_wrap(&layer, raft_fixture_get(&fixture, 0)->io);
	HOLDS(raft_fixture_configuration(&fixture, N_SERVERS, &configuration) == 0);
	HOLDS(raft_fixture_bootstrap(&fixture, &configuration) == 0);
	raft_configuration_close(&configuration);
	HOLDS(raft_fixture_start(&fixture) == 0);
	if (leads)
		raft_fixture_elect(&fixture, 0);
	HOLDS((raft_state(raft_fixture_get(&fixture, 0)) == RAFT_LEADER) == leads);
	for (raft_id id = 2; id <= N_SERVERS; id++)
		pgraft_raft_reader_init(&readers[id], id, id == 2 ? "2" : "3", came, NULL);
}

static void
end(void)
{
	for (raft_id id = 2; id <= N_SERVERS; id++)
		pgraft_raft_reader_close(&readers[id]);
	raft_fixture_close(&fixture);
}

/* false: its stream has ended. */
static bool
feed(PgraftRaftReader *reader, FuzzInput bytes)
{
	const char *why = NULL;

	while (bytes.size > 0)
	{
		uint8_t *into;
		size_t room = pgraft_raft_reader_room(reader, &into);
		FuzzInput part = take_part(&bytes, room);

		HOLDS(room > 0);
		memcpy(into, part.data, part.size);
		if (!pgraft_raft_reader_advance(reader, part.size, &why))
		{
			HOLDS(why != NULL);
			return false;
		}
	}
	return true;
}

static void
send_one(uint8_t kind, FuzzInput bytes)
{
	PgraftRaftReader *reader = &readers[2 + (kind >> 1) % 2];
	uint8_t preamble[PGRAFT_RAFT_PREAMBLE_SIZE] = {0};
	bool goes_on;

	if (kind < 0x80)
	{
		preamble[0] = (uint8_t) (kind >> 2);
		preamble[8] = take_u8(&bytes);
		preamble[9] = take_u8(&bytes);
		goes_on = feed(reader, (FuzzInput){.data = preamble, .size = sizeof preamble}) && feed(reader, bytes);
	}
	else
		goes_on = feed(reader, bytes);
	if (goes_on)
		return;
	pgraft_raft_reader_close(reader);
	pgraft_raft_reader_init(reader, reader->from, reader->address, came, NULL);
}

static void
take_piece(FuzzInput *in)
{
	uint8_t kind = take_u8(in);

	if (kind % 2 == 0)
		raft_fixture_step_until_elapsed(&fixture, kind);
	else
	{
		uint16_t length = take_u16(in);

		send_one(kind, take_part(in, length));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	raft_index committed = 0;

	begin((take_u8(&in) & FLAG_LEADER) != 0);
	while (in.size > 0)
	{
		take_piece(&in);
		HOLDS(raft_commit_index(raft_fixture_get(&fixture, 0)) >= committed);
		committed = raft_commit_index(raft_fixture_get(&fixture, 0));
	}
	raft_fixture_step_until_elapsed(&fixture, 100);
	end();
	return 0;
}
