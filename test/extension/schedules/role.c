/*
 * role.c
 *	  The role worker of a model server: builds the view, asks the real pgraft_decide(), takes the step that it names.
 *
 * A step may be cut off by a crash anywhere: what is durable is in the server's "on disk" part at the end of each turn.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

#include "core/codec.h"

static PgraftEntry entry;

/* When the majority-th newest answer came in; the server itself answers always. */
static int64_t
heard_by_majority(const Server *s)
{
	int64_t newest[MAX_SERVERS] = {0};
	int n = 0;

	for (int i = 0; i < model.n; i++)
	{
		int64_t at = i == s->index ? model.now : s->heard_at[i];
		int j = n;

		if (!group_is_voter(s, i + 1))
			continue;
		n++;
		while (j > 0 && newest[j - 1] < at)
		{
			newest[j] = newest[j - 1];
			j--;
		}
		newest[j] = at;
	}
	return newest[n / 2];
}

bool
role_has_lease(const Server *s, int64_t stall_ms)
{
	return model.now < heard_by_majority(s) + ELECTION_MS + stall_ms;
}

void
role_propose(Server *s, PgraftEntryType type, uint64_t term)
{
	if (s->apply_pending)
		return;
	memset(&entry, 0, sizeof(entry));
	entry.type = type;
	entry.at_ms = model.now;
	entry.term = term;
	entry.node_id = s->id;
	if (type == PGRAFT_ENTRY_RECORD)
	{
		entry.u.record.n_links = s->n_chain;
		memcpy(entry.u.record.links, s->chain, (size_t) s->n_chain * sizeof(*s->chain));
	}
	group_propose(s, &entry);
}

/* Recovery may aim at a timeline that no WAL came of: it has to begin anew, before this server reports. */
static bool
drops_unused_links(Server *s)
{
	int n = pgraft_links_in_use(s->chain, s->n_chain, (uint64_t) s->wal.n);

	if (n == s->n_chain)
		return false;
	trace("server %d drops %d links that it has no WAL of", s->id, s->n_chain - n);
	s->n_chain = n;
	crash(s, false, MIN_DOWN_MS);
	return true;
}

static void
freeze(Server *s, uint64_t term)
{
	if (s->freezing_term != term)
	{
		s->freezing_term = term;
		s->frozen_at = soon(model.dice.step_ms);
		return;
	}
	if (model.now < s->frozen_at)
		return;
#ifndef MUTANT_NO_FREEZE
	s->following_term = 0;
#endif
	s->serving = false;
	if (drops_unused_links(s))
		return;
	s->frozen_term = term;
	s->report = own_report(s, term);
	s->answered_at = 0;
	trace("server %d is frozen for term %d: end %d, %d links%s", s->id, (int) term, (int) s->report.end_lsn, s->n_chain,
		  s->report.witness ? ", witness" : "");
}

/* The links first, the stream in a later turn: a crash may come between. */
static void
follow(Server *s, int32_t node_id, uint64_t term)
{
	if (s->following_term == term)
		return;
	if (s->n_chain != s->state.n_history ||
		memcmp(s->chain, s->state.history, (size_t) s->n_chain * sizeof(*s->chain)) != 0)
	{
		s->n_chain = s->state.n_history;
		memcpy(s->chain, s->state.history, (size_t) s->n_chain * sizeof(*s->chain));
		return;
	}
	s->following_term = term;
	s->source = node_id - 1;
	s->session++;
	s->asked_wal_at = 0;
	trace("server %d streams from server %d, promotion of term %d, at %d", s->id, node_id, (int) term, s->wal.n);
}

/* As PostgreSQL: the new timeline leaves the newest one that there is a history of, at the end of the WAL. */
static void
ask_for_promotion(Server *s, uint64_t term)
{
	const PgraftPromotion *last = s->n_chain > 0 ? &s->chain[s->n_chain - 1] : NULL;
	uint32_t parent = last == NULL ? 1 : last->timeline;

	if (s->n_chain == PGRAFT_MAX_PROMOTIONS)
		return;
	s->chain[s->n_chain++] = (PgraftPromotion){
		.term = term, .node_id = s->id, .timeline = parent + 1, .parent = parent, .fork_lsn = (uint64_t) s->wal.n};
	s->promoting_term = term;
	s->promoted_at = soon(model.dice.step_ms);
	trace("server %d promotes for term %d: timeline %d leaves %d at %d", s->id, (int) term, (int) parent + 1,
		  (int) parent, s->wal.n);
}

/* The first record of the new timeline. */
void
promote_now(Server *s)
{
	if (s->wal.n >= MAX_WAL)
		return;
	note_promotion(s);
	s->in_recovery = false;
	s->wal.record[s->wal.n++] = model.next_record++;
	s->wal.flushed = s->wal.n;
	s->acknowledged = s->wal.n;
	memset(&s->setting, 0, sizeof(s->setting));
	s->setting_due = s->wal_barrier_for = 0;
	memset(s->confirmed, 0, sizeof(s->confirmed));
}

static PgraftView
view_of(const Server *s, PgraftVoter *voters)
{
	PgraftView view = {
		.self = s->id,
		.raft_known = s->formed,
		.leader = group_leads(s),
		.current_term = group_term(s),
		.in_recovery = s->in_recovery,
		.promoting_term = s->promoting_term,
		.frozen_term = s->frozen_term,
		.following_term = s->following_term,
		.lease_lost = !role_has_lease(s, 2 * ELECTION_MS),
		.voters = voters,
		.state = &s->state,
	};

	view.barrier_applied = s->barrier_term == view.current_term;
	view.fit = pgraft_history_fit(s->chain, s->n_chain, (uint64_t) s->wal.n, s->state.history, s->state.n_history);
	for (int i = 0; i < model.n; i++)
	{
		PgraftVoter *voter = &voters[view.n_voters];

		if (!group_is_voter(s, i + 1))
			continue;
		voter->node_id = i + 1;
		voter->reachable = i == s->index || model.now - s->heard_at[i] < ELECTION_MS;
		voter->report = i == s->index ? s->report : s->heard[i];
		if (voter->report.term != view.current_term)
			voter->report.term = 0;
		view.n_voters++;
	}
	return view;
}

/*
 * What the primary would say, had it all reports at once.  Of two voters neither could ever stop: here they do, and lose their majority, which
 * must cost no record either.
 */
static bool
may_stop(const Server *s, const Server *primary)
{
	PgraftVoter voters[MAX_SERVERS] = {0};
	int n = 0;

	for (int i = 0; i < model.n; i++)
	{
		if (!group_is_voter(primary, i + 1))
			continue;
		voters[n].node_id = i + 1;
		voters[n].reachable = model.servers[i].formed && (i == primary->index || linked(i, primary->index));
		voters[n++].report.wants_rejoin = i == s->index;
	}
	if (n <= 2 || !group_is_voter(primary, s->id))
		return true;
	return pgraft_grant_rejoin(voters, n, NULL, 0, primary->id, 0) == s->id;
}

static void
act(Server *s, PgraftDecision decision, PgraftFit fit)
{
	s->serving = decision.action == PGRAFT_SERVE || (s->serving && decision.action == PGRAFT_STAY);
	switch (decision.action)
	{
		case PGRAFT_STAY:
			break;
		case PGRAFT_WAIT:
#ifndef MUTANT_NO_FREEZE
			s->following_term = 0;
#endif
			break;
		case PGRAFT_FREEZE:
			freeze(s, decision.term);
			break;
		case PGRAFT_FOLLOW:
			follow(s, decision.node_id, decision.term);
			break;
		case PGRAFT_REJOIN:
			if (may_stop(s, &model.servers[decision.node_id - 1]))
				begin_rejoin(s, fit, decision.term);
			break;
		case PGRAFT_HAND_OVER:
			s->following_term = 0;
			group_transfer(s, decision.node_id);
			break;
		case PGRAFT_COMMIT_INTENT:
			role_propose(s, PGRAFT_ENTRY_INTENT, decision.term);
			break;
		case PGRAFT_PROMOTE:
			ask_for_promotion(s, decision.term);
			break;
		case PGRAFT_AWAIT_PROMOTION:
			break;
		case PGRAFT_COMMIT_RECORD:
			role_propose(s, PGRAFT_ENTRY_RECORD, decision.term);
			break;
		case PGRAFT_SERVE:
			break;
		case PGRAFT_FENCE:
			crash(s, false, MIN_DOWN_MS + below(100));
			break;
		case PGRAFT_DISCARD:
			discard(s);
			break;
	}
}

void
role_turn(Server *s)
{
	PgraftVoter voters[MAX_SERVERS];
	PgraftView view;
	PgraftDecision decision;
	bool served = s->serving;

	/* Nobody asks the role worker when PostgreSQL has done what it was told to do. */
	if (s->in_recovery && s->promoting_term != 0 && model.now >= s->promoted_at)
		promote_now(s);
	if (percent(model.dice.lazy))
		return;
	view = view_of(s, voters);
	decision = pgraft_decide(&view);
	act(s, decision, view.fit);
	if (s->serving != served)
		trace("server %d %s, term %d", s->id, s->serving ? "serves" : "does not serve any more",
			  (int) view.current_term);
}
