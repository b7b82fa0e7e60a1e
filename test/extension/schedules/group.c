/*
 * group.c
 *	  The Raft side of the model: libraft's fixture, the real codec and state machine as its FSM, as net/ drives them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static char addresses[MAX_SERVERS][4] = {"1", "2", "3", "4", "5"};

struct raft *
raft_of(const Server *s)
{
	return raft_fixture_get(&model.fixture, (unsigned) s->index);
}

static void
must(int rc, const char *what)
{
	if (rc == 0)
		return;
	(void) fprintf(stderr, "%s: %s\n", what, raft_strerror(rc));
	abort();
}

static void
set_timers(Server *s)
{
	raft_fixture_set_randomized_election_timeout(&model.fixture, (unsigned) s->index,
												 (unsigned) (ELECTION_MS + below(ELECTION_MS)));
}

static void
say_nothing(struct raft_tracer *tracer, int type, const void *info)
{
	(void) tracer;
	(void) type;
	(void) info;
}

static struct raft_tracer silence = {.version = 2, .emit = say_nothing};

static void
configure(Server *s)
{
	struct raft *raft = raft_of(s);

	raft->tracer = &silence;
	raft->data = s;
	disk_wrap(raft->io);
	raft_set_election_timeout(raft, ELECTION_MS);
	raft_set_heartbeat_timeout(raft, HEARTBEAT_MS);
	raft_set_pre_vote(raft, true);
}

void
group_open(void)
{
	struct raft_configuration configuration;

	memset(&model.fixture, 0, sizeof(model.fixture));
	must(raft_fixture_init(&model.fixture), "initialize the fixture");
	for (int i = 0; i < model.n; i++)
	{
		Server *s = &model.servers[i];

		fsm_init(s);
		must(raft_fixture_grow(&model.fixture, &s->fsm), "add a server");
		configure(s);
		set_timers(s);
		raft_fixture_set_network_latency(&model.fixture, (unsigned) i, (unsigned) (1 + below(percent(80) ? 15 : 60)));
		raft_fixture_set_disk_latency(&model.fixture, (unsigned) i, (unsigned) (1 + below(percent(80) ? 10 : 60)));
	}
	raft_configuration_init(&configuration);
	for (int i = 0; i < model.n_first; i++)
		must(raft_configuration_add(&configuration, (raft_id) i + 1, addresses[i], RAFT_VOTER),
			 "make the configuration");
	for (int i = 0; i < model.n_first; i++)
	{
		must(raft_bootstrap(raft_of(&model.servers[i]), &configuration), "bootstrap");
		model.servers[i].formed = true;
	}
	raft_configuration_close(&configuration);
	must(raft_fixture_start(&model.fixture), "start");
	for (int i = model.n_first; i < model.n; i++)
		group_kill(&model.servers[i]);
}

void
group_close(void)
{
	raft_fixture_close(&model.fixture);
}

void
group_run_until(int64_t until)
{
	while ((int64_t) raft_fixture_time(&model.fixture) < until)
		(void) raft_fixture_step(&model.fixture);
	model.now = (int64_t) raft_fixture_time(&model.fixture);
}

/* The fixture's kill and revive change the links too: ours are laid over them again. */
void
group_apply_cuts(void)
{
	for (int i = 0; i < model.n; i++)
		for (int j = 0; j < model.n; j++)
		{
			if (i == j)
				continue;
			if (linked(i, j))
				raft_fixture_desaturate(&model.fixture, (unsigned) i, (unsigned) j);
			else
				raft_fixture_saturate(&model.fixture, (unsigned) i, (unsigned) j);
		}
}

void
group_kill(Server *s)
{
	raft_fixture_kill(&model.fixture, (unsigned) s->index);
	group_apply_cuts();
}

void
group_revive(Server *s)
{
	raft_fixture_revive(&model.fixture, (unsigned) s->index);
	group_apply_cuts();
}

/* Everything but the fixture's disk is lost; the state comes back from the log. */
void
group_restart(Server *s)
{
	struct raft *raft = raft_of(s);
	struct raft_io *io = raft->io;
	raft_term term = raft_current_term(raft);
	bool alone = group_voters(s) == 1 && group_is_voter(s, s->id);

	raft_close(raft, NULL);
	pgraft_state_init(&s->state);
	if (s->to_wipe)
		disk_wipe(io);
	else if (alone) /* libraft would lead on in the same term; net/io.c does this too */
		(void) io->set_term(io, term + 1);
	s->to_wipe = false;
	s->barrier_pending = s->transfer_pending = s->apply_pending = s->change_pending = false;
	s->barrier_sent_term = s->barrier_term = 0;
	must(raft_init(raft, io, &s->fsm, (raft_id) s->id, addresses[s->index]), "initialize again");
	configure(s);
	set_timers(s);
	must(raft_start(raft), "start again");
	if (s->formed)
		group_revive(s);
}

/* Invited: Raft runs from here on, with nothing in its log. */
void
group_join(Server *s)
{
	s->formed = true;
	group_revive(s);
}

/* libraft's first term has no leader: ours are one less (core/types.h). */
uint64_t
group_term(const Server *s)
{
	raft_term term = raft_current_term(raft_of(s));

	return term > 0 ? term - 1 : 0;
}

bool
group_leads(const Server *s)
{
	return raft_state(raft_of(s)) == RAFT_LEADER;
}

int32_t
group_leader_of(const Server *s)
{
	raft_id id = 0;
	const char *address;

	raft_leader(raft_of(s), &id, &address);
	return (int32_t) id;
}

static void
applied(struct raft_apply *request, int status, void *result)
{
	(void) status;
	(void) result;
	((Server *) request->data)->apply_pending = false;
}

/* One at a time, as the role worker's proposals are. */
void
group_propose(Server *s, const PgraftEntry *entry)
{
	static uint8_t encoded[PGRAFT_ENTRY_MAX_SIZE];
	uint32_t size = (uint32_t) pgraft_entry_encode(entry, encoded, sizeof(encoded));
	struct raft_buffer buf;

	if (s->apply_pending)
		return;
	if (size == 0)
	{
		fail("server %d cannot encode an entry", s->id);
		return;
	}
	buf.len = (sizeof(size) + size + 7) & ~(size_t) 7;
	buf.base = raft_calloc(1, buf.len);
	memcpy(buf.base, &size, sizeof(size));
	memcpy((uint8_t *) buf.base + sizeof(size), encoded, size);
	s->apply.data = s;
	s->apply_pending = true;
	if (raft_apply(raft_of(s), &s->apply, &buf, 1, applied) != 0)
	{
		s->apply_pending = false;
		raft_free(buf.base);
	}
}

static void
transferred(struct raft_transfer *request)
{
	((Server *) request->data)->transfer_pending = false;
}

void
group_transfer(Server *s, int32_t to)
{
	if (s->transfer_pending || model.now - s->transferred_at < ELECTION_MS)
		return;
	s->transfer.data = s;
	s->transfer_pending = true;
	s->transferred_at = model.now;
	if (raft_transfer(raft_of(s), &s->transfer, (raft_id) to, transferred) != 0)
		s->transfer_pending = false;
}

static void
barrier_applied(struct raft_barrier *request, int status)
{
	Server *s = request->data;

	s->barrier_pending = false;
	if (status == 0)
		s->barrier_term = s->barrier_sent_term;
	else
		s->barrier_sent_term = 0;
}

void
group_observe(Server *s)
{
	uint64_t term = group_term(s);

	if (percent(2))
		set_timers(s);
	if (!group_leads(s) || s->barrier_pending || s->barrier_sent_term == term)
		return;
	s->barrier.data = s;
	s->barrier_sent_term = term;
	s->barrier_pending = true;
	if (raft_barrier(raft_of(s), &s->barrier, barrier_applied) != 0)
	{
		s->barrier_pending = false;
		s->barrier_sent_term = 0;
	}
}
