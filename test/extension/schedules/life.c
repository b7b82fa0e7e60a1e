/*
 * life.c
 *	  Crashes, restarts, and data that is rewound or cloned (safety.md R3, R7, R19).
 */
#include <string.h>

#include "model.h"

/* New data is whole once everything that the primary had when the work began is on this disk. */
bool
data_is_whole(const Server *s)
{
	return s->marker.state == MARKER_NONE ||
		   (s->marker.state == MARKER_DONE && s->following_term != 0 && s->wal.flushed >= s->marker.until);
}

PgraftReport
own_report(const Server *s, uint64_t term)
{
	PgraftReport report = {.term = term, .end_lsn = (uint64_t) s->wal.n};
	int n = s->n_chain < PGRAFT_REPORT_LINKS ? s->n_chain : PGRAFT_REPORT_LINKS;

#ifndef MUTANT_NO_WITNESS
	if (!data_is_whole(s))
	{
		report = s->marker.old;
		report.term = term;
		report.witness = true;
		return report;
	}
#endif
	report.n_links = n;
	memcpy(report.links, s->chain + s->n_chain - n, (size_t) n * sizeof(*s->chain));
	return report;
}

/* Links of timelines whose history file was not made yet, or went with the entry point's cleaning, are not taken up at the next start. */
static void
settle_chain(Server *s)
{
	if (percent(50))
		return;
	while (s->n_chain > 0 && s->chain[s->n_chain - 1].fork_lsn >= (uint64_t) s->wal.n)
		s->n_chain--;
}

/* machine: what was not flushed may be gone too. */
void
crash(Server *s, bool machine, int64_t down_ms)
{
	trace("server %d %s%s", s->id, machine ? "loses power" : "dies",
		  s->promoting_term == 0 ? ""
		  : s->in_recovery		 ? ", being promoted"
								 : ", promoted");
	if (s->life != LIFE_DOWN)
		group_kill(s);
	if (machine)
		s->wal.n = s->wal.flushed + below(s->wal.n - s->wal.flushed + 1);
	s->life = LIFE_DOWN;
	s->run++;
	s->serving = false;
	s->wake_at = model.now + (down_ms < MIN_DOWN_MS ? MIN_DOWN_MS : down_ms);
	model.n_crashes++;
	group_apply_cuts();
}

void
pause(Server *s, int64_t ms)
{
	trace("server %d is paused for %d ms", s->id, (int) ms);
	group_kill(s);
	s->life = LIFE_PAUSED;
	s->wake_at = model.now + ms;
	group_apply_cuts();
}

static void
start(Server *s)
{
	settle_chain(s);
	s->life = LIFE_UP;
	s->in_recovery = true;
	s->setting_due = s->wal_barrier_for = 0;
	memset(&s->setting, 0, sizeof(s->setting));
	s->promoting_term = s->frozen_term = s->freezing_term = s->following_term = 0;
	s->asked_wal_at = s->confirmed_at = s->answered_at = 0;
	s->session++;
	memset(&s->report, 0, sizeof(s->report));
	memset(s->heard, 0, sizeof(s->heard));
	memset(s->heard_at, 0, sizeof(s->heard_at));
	memset(s->confirmed, 0, sizeof(s->confirmed));
	group_restart(s);
	trace("server %d starts with %d records and %d links", s->id, s->wal.n, s->n_chain);
}

/*
 * The file first, then the server stops.  Data that was not whole before must not run again as it is, whatever comes of this: the old
 * witness goes on.
 */
void
begin_rejoin(Server *s, PgraftFit fit, uint64_t term)
{
	PgraftReport old = own_report(s, 0);
	bool whole = data_is_whole(s);

	s->marker = (Marker){.state = whole ? MARKER_REQUESTED : MARKER_WORKING,
						 .rewind = whole && fit == PGRAFT_FIT_REWIND,
						 .term = term,
						 .old = old};
	s->rejoin_from = -1;
	s->rejoin_since = model.now;
	s->rejoin_at = 0;
	trace("server %d has to be %s: %d records, %d links", s->id, s->marker.rewind ? "rewound" : "cloned", s->wal.n,
		  s->n_chain);
	crash(s, false, MIN_DOWN_MS);
}

/* Promoted by hand: what it has behind its chain goes without a question. */
void
discard(Server *s)
{
	PgraftReport old;

	if (s->n_chain > 0 && s->chain[s->n_chain - 1].term == 0)
		s->wal.n = s->wal.flushed = (int) s->chain[--s->n_chain].fork_lsn;
	old = own_report(s, 0);
	s->marker = (Marker){.state = MARKER_WORKING, .old = old};
	s->rejoin_from = -1;
	s->rejoin_at = 0;
	crash(s, false, MIN_DOWN_MS);
}

static bool
is_confirmed_primary(const Server *s, const Server *p)
{
	if (p == s || p->life != LIFE_UP || model.cut[p->index][s->index] || model.cut[s->index][p->index])
		return false;
	return !p->in_recovery && p->serving && group_leads(p) && group_term(p) == p->promoting_term &&
		   role_has_lease(p, 0) && p->promoting_term >= s->marker.term;
}

static int
find_primary(const Server *s)
{
	for (int i = 0; i < model.n; i++)
		if (is_confirmed_primary(s, &model.servers[i]))
			return i;
	return -1;
}

/* Any part of what the primary has, from least on: the copy ends somewhere. */
static void
stage(Server *s, const Server *p, int least)
{
	s->staged = p->wal;
	s->staged.n = s->staged.flushed = least < p->wal.flushed ? least + below(p->wal.flushed - least + 1) : least;
	s->n_staged_chain = p->n_chain;
	memcpy(s->staged_chain, p->chain, (size_t) p->n_chain * sizeof(*p->chain));
}

static void
choose_primary(Server *s)
{
	const Server *p;

	s->rejoin_from = find_primary(s);
	s->rejoin_at = soon(model.dice.rejoin_ms);
	if (s->rejoin_from < 0)
	{
		if (s->marker.state != MARKER_REQUESTED || model.now - s->rejoin_since < REJOIN_WAIT_MS)
			return;
		trace("server %d finds no primary to rejoin", s->id);
		memset(&s->marker, 0, sizeof(s->marker));
		return;
	}
	p = &model.servers[s->rejoin_from];
	if (s->marker.rewind && s->marker.state == MARKER_REQUESTED && p->promoting_term != s->marker.term)
	{
		trace("server %d looks again: it was to be rewound for term %d", s->id, (int) s->marker.term);
		memset(&s->marker, 0, sizeof(s->marker));
		return;
	}
	s->rejoin_run = p->run;
	if (p->promoting_term != s->marker.term || p->wal.flushed > s->marker.until)
		s->marker.until = p->wal.flushed;
	s->marker.term = p->promoting_term;
	stage(s, p, FIRST_RECORDS);
}

/* Where pg_rewind thinks that the histories part: at the end of the last timeline that both begin alike. */
static int
rewind_point(const Server *s, const Server *p)
{
	uint64_t end = UINT64_MAX;
	int i = 0;

	while (i < s->n_chain && i < p->n_chain && s->chain[i].timeline == p->chain[i].timeline &&
		   s->chain[i].fork_lsn == p->chain[i].fork_lsn)
		i++;
	if (i < s->n_chain)
		end = s->chain[i].fork_lsn;
	if (i < p->n_chain && p->chain[i].fork_lsn < end)
		end = p->chain[i].fork_lsn;
	return end < (uint64_t) s->wal.n ? (int) end : s->wal.n;
}

static void
finish(Server *s, const Server *p)
{
	int kept = rewind_point(s, p);

	if (s->marker.rewind)
	{
		if (!is_beginning(&s->wal, kept, &p->wal))
			fail("pg_rewind on server %d keeps %d records that server %d has otherwise", s->id, kept, p->id);
		stage(s, p, kept);
	}
	s->wal = s->staged;
	s->n_chain = s->n_staged_chain;
	memcpy(s->chain, s->staged_chain, (size_t) s->n_chain * sizeof(*s->chain));
	s->marker.state = MARKER_DONE;
	model.n_rejoined++;
	trace("server %d is %s from server %d: %d of %d records", s->id, s->marker.rewind ? "rewound" : "cloned", p->id,
		  s->wal.n, s->marker.until);
}

static void
rejoin_turn(Server *s)
{
	if (model.now < s->wake_at || model.now < s->rejoin_at)
		return;
	if (s->rejoin_from < 0)
	{
		choose_primary(s);
		return;
	}
	if (!is_confirmed_primary(s, &model.servers[s->rejoin_from]) || model.servers[s->rejoin_from].run != s->rejoin_run)
	{
		s->marker.rewind = s->marker.rewind && s->marker.state == MARKER_REQUESTED;
		s->rejoin_from = -1;
		return;
	}
	if (s->marker.state == MARKER_REQUESTED || percent(10))
	{
		/* begun, or interrupted: what was half rewound is cloned */
		s->marker.rewind = s->marker.rewind && s->marker.state == MARKER_REQUESTED;
		s->marker.state = MARKER_WORKING;
		s->rejoin_at = soon(model.dice.rejoin_ms);
		return;
	}
	finish(s, &model.servers[s->rejoin_from]);
}

void
life_turn(Server *s)
{
	if (s->life == LIFE_PAUSED && model.now >= s->wake_at)
	{
		s->life = LIFE_UP;
		if (s->formed)
			group_revive(s);
	}
	if (s->life == LIFE_UP && s->following_term != 0 && s->marker.state == MARKER_DONE && data_is_whole(s))
		memset(&s->marker, 0, sizeof(s->marker));
	if (s->life != LIFE_DOWN)
		return;
	if (s->marker.state == MARKER_REQUESTED || s->marker.state == MARKER_WORKING)
		rejoin_turn(s);
	else if (model.now >= s->wake_at)
		start(s);
}
