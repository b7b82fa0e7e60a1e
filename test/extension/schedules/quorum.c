/*
 * quorum.c
 *	  Who votes, and whether enough is left of the voters to go on.
 */
#include "model.h"

/* Where its newest configuration stands in its log, committed or not. */
raft_index
group_configuration_index(const Server *s)
{
	const struct raft *raft = raft_of(s);

	return raft->configuration_uncommitted_index != 0 ? raft->configuration_uncommitted_index
													  : raft->configuration_committed_index;
}

bool
group_is_voter(const Server *s, int32_t id)
{
	const struct raft_configuration *configuration = &raft_of(s)->configuration;

	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == (raft_id) id)
			return configuration->servers[i].role == RAFT_VOTER;
	return false;
}

int
group_voters(const Server *s)
{
	const struct raft_configuration *configuration = &raft_of(s)->configuration;
	int n = 0;

	for (unsigned i = 0; i < configuration->n; i++)
		n += configuration->servers[i].role == RAFT_VOTER;
	return n;
}

/* The server whose configuration is the newest. */
const Server *
best_informed(void)
{
	const Server *best = NULL;

	for (int i = 0; i < model.n; i++)
	{
		const Server *s = &model.servers[i];

		if (s->formed && (best == NULL || group_configuration_index(s) > group_configuration_index(best)))
			best = s;
	}
	return best;
}

/* Voters, as view has it, that have Raft state and whole data. */
int
intact_voters(const Server *view, const Server *except)
{
	int n = 0;

	for (int i = 0; i < model.n; i++)
	{
		const Server *t = &model.servers[i];

		n += t != except && t->formed && data_is_whole(t) && group_is_voter(view, t->id);
	}
	return n;
}

static raft_term
last_term(const Server *s)
{
	const struct raft_trail *trail = &raft_of(s)->trail;

	return trail->front == trail->back ? 0 : trail->records[(trail->back + trail->size - 1) % trail->size].term;
}

static bool
is_up_to_date(const Server *candidate, const Server *voter)
{
	if (last_term(candidate) != last_term(voter))
		return last_term(candidate) > last_term(voter);
	return raft_last_index(raft_of(candidate)) >= raft_last_index(raft_of(voter));
}

/* As libraft votes: who is no voter by its own log gives no vote, even if it is one by the candidate's. */
static bool
could_win(const Server *candidate)
{
	int votes = 0;

	for (int i = 0; i < model.n; i++)
	{
		const Server *t = &model.servers[i];

		votes += t->life == LIFE_UP && t->formed && group_is_voter(candidate, t->id) && group_is_voter(t, t->id) &&
				 is_up_to_date(candidate, t);
	}
	return group_is_voter(candidate, candidate->id) && votes > group_voters(candidate) / 2;
}

/* Its data can go on as it is: it is whole, and the beginning of what the last primary had. */
static bool
is_usable(const Server *s, const PgraftState *state)
{
	return s->formed && s->marker.state != MARKER_WORKING && s->marker.state != MARKER_REQUESTED &&
		   pgraft_history_fit(s->chain, s->n_chain, (uint64_t) s->wal.n, state->history, state->n_history) ==
			   PGRAFT_FIT_FOLLOW;
}

/*
 * A voter that has to be rewound or cloned may stop for it only while the others are a majority, and one that lost its disk is removed only once
 * a majority has the WAL: with both kinds of them at once, none left over, neither can begin.
 */
static bool
has_too_few_usable(void)
{
	const Server *view = best_informed();
	int lost = 0;
	int usable = 0;

	for (int i = 0; i < model.n; i++)
	{
		if (!group_is_voter(view, i + 1))
			continue;
		lost += !model.servers[i].formed;
		usable += is_usable(&model.servers[i], &view->state);
	}
	return lost > 0 && usable <= group_voters(view) / 2;
}

/*
 * A server whose data is half rewound, or gone, does not run, so its Raft does not either: without a majority beside it nobody can be elected
 * that it could be cloned from.  Two servers, or three with one away, can get there; so can more that lose a disk in the moment in which a
 * leader dies whose change of membership nobody else has yet.
 */
bool
is_blocked(void)
{
	if (has_too_few_usable())
		return true;
	for (int i = 0; i < model.n; i++)
	{
		const Server *s = &model.servers[i];

		if (s->life == LIFE_UP && s->formed && could_win(s))
			return false;
	}
	return true;
}
