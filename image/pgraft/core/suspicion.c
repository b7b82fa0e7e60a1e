/*
 * suspicion.c
 *	  See suspicion.h.
 */
#include "core/suspicion.h"

#include <string.h>

#define NO_ANSWER_MS 100

/* What is heard sooner may have been under way already. */
#define UNDER_WAY_MS 20

/* Nothing follows from a judgement for longer: whoever could have voted has. */
#define JUDGED_FOR_MS 3000

/*
 * The first voter stands at once and asks until it is granted: each of the others grants it as soon as it takes the leader for dead itself.  If two
 * stood at once, each might be granted by the other and then vote for itself, and nobody would be elected for a whole election timeout.  So the others
 * stand only if nothing has come of that, and leave time for votes, which take fsyncs.
 */
#define AT_ONCE_MS			2
#define FIRST_ASKS_AGAIN_MS 5
#define ASKS_AGAIN_MS		100

static bool
is_of(const PgraftSuspicion *s, int32_t leader, uint64_t term)
{
	return s->leader != 0 && s->leader == leader && s->term == term;
}

static void
forget(PgraftSuspicion *s)
{
	memset(s, 0, sizeof *s);
}

unsigned
pgraft_no_answer_ms(unsigned heartbeat_interval_ms)
{
	return 2 * heartbeat_interval_ms > NO_ANSWER_MS ? 2 * heartbeat_interval_ms : NO_ANSWER_MS;
}

PgraftVerdict
pgraft_suspicion_raise(PgraftSuspicion *s, int32_t leader, uint64_t term, int64_t now_ms)
{
	if (is_of(s, leader, term) && s->judged_ms != 0)
		return PGRAFT_UNDECIDED;
	*s = (PgraftSuspicion){.leader = leader, .term = term, .since_ms = now_ms};
	return PGRAFT_ASK;
}

PgraftVerdict
pgraft_suspicion_raise_by_stream(PgraftSuspicion *s, int32_t leader, uint64_t term, int64_t now_ms)
{
	if (is_of(s, leader, term))
		return PGRAFT_UNDECIDED;
	*s = (PgraftSuspicion){.leader = leader, .term = term, .since_ms = now_ms, .by_stream = true};
	return PGRAFT_ASK;
}

/* One that is being asked has to be found listening too: a message may be read late, but nobody listens for a dead one. */
PgraftVerdict
pgraft_suspicion_hear(PgraftSuspicion *s, int32_t from, uint64_t term, int64_t now_ms)
{
	if (!is_of(s, from, term) || now_ms - s->since_ms < UNDER_WAY_MS)
		return PGRAFT_UNDECIDED;
	s->heard = true;
	if (s->judged_ms == 0 && !s->accepted)
		return PGRAFT_UNDECIDED;
	forget(s);
	return PGRAFT_LIVES;
}

static PgraftVerdict
judge(PgraftSuspicion *s, int64_t now_ms)
{
	s->judged_ms = now_ms;
	return PGRAFT_DEAD;
}

/* One that is just dying still accepts, and then breaks what it has accepted. */
static PgraftVerdict
answer_of_postmaster(PgraftSuspicion *s, PgraftProbeAnswer answer, int64_t now_ms)
{
	if (answer == PGRAFT_PROBE_ACCEPTED)
		return PGRAFT_UNDECIDED;
	if (answer == PGRAFT_PROBE_RESET && now_ms - s->since_ms < NO_ANSWER_MS)
		return PGRAFT_ASK;
	forget(s);
	return PGRAFT_UNFOUNDED;
}

PgraftVerdict
pgraft_suspicion_answer(PgraftSuspicion *s, PgraftProbeAnswer answer, int64_t now_ms)
{
	if (s->leader == 0 || s->judged_ms != 0)
		return PGRAFT_UNDECIDED;
	if (s->by_stream && answer != PGRAFT_PROBE_REFUSED)
		return answer_of_postmaster(s, answer, now_ms);
	s->accepted = answer == PGRAFT_PROBE_ACCEPTED;
	if (answer == PGRAFT_PROBE_RESET)
		return PGRAFT_ASK;
	if (answer == PGRAFT_PROBE_REFUSED || (answer != PGRAFT_PROBE_ACCEPTED && !s->heard))
		return judge(s, now_ms);
	if (!s->heard)
		return PGRAFT_UNDECIDED;
	forget(s);
	return PGRAFT_LIVES;
}

bool
pgraft_suspicion_over(PgraftSuspicion *s, uint64_t term, int64_t now_ms)
{
	if (s->leader == 0)
		return false;
	if (s->term == term && (s->judged_ms == 0 || now_ms - s->judged_ms < JUDGED_FOR_MS))
		return false;
	forget(s);
	return true;
}

unsigned
pgraft_suspicion_timeout(const PgraftSuspicion *s, int rank, bool candidate, int64_t now_ms)
{
	if (s->judged_ms == 0)
		return 0;
	if (candidate)
		return rank == 0 ? FIRST_ASKS_AGAIN_MS : ASKS_AGAIN_MS;
	return now_ms - s->judged_ms < (int64_t) rank * PGRAFT_ONE_BY_ONE_MS ? 0 : AT_ONCE_MS;
}

void
pgraft_silence_hear(PgraftSilence *silence, int32_t from, uint64_t term, int64_t now_ms)
{
	if (silence->leader == from && silence->term == term && now_ms - silence->heard_ms > silence->longest_ms)
		silence->longest_ms = now_ms - silence->heard_ms;
	silence->leader = from;
	silence->term = term;
	silence->heard_ms = now_ms;
}
