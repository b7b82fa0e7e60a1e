/*
 * position.c
 *	  See position.h.
 *
 * A link counts only if the WAL reaches past its fork: the link is written before the first byte of its timeline is asked for, so a server
 * may have it and nothing of what it stands for.
 */
#include "core/position.h"

/* The log keeps the newest promotions only: of an older link it cannot be asked. */
static bool
may_be_forgotten(const PgraftState *state, uint64_t term)
{
	return state->n_promotions == PGRAFT_MAX_PROMOTIONS && term < state->promotions[0].term;
}

static bool
is_in_log(const PgraftState *state, const PgraftPromotion *link)
{
	const PgraftPromotion *promotion = pgraft_state_promotion(state, link->term);

	if (promotion == NULL)
		return link->term != 0 && may_be_forgotten(state, link->term);
	return promotion->node_id == link->node_id && (promotion->timeline == 0 || promotion->timeline == link->timeline);
}

bool
pgraft_report_position(const PgraftReport *report, const PgraftState *state, PgraftPosition *position)
{
	int i = report->n_links;

	position->lsn = report->end_lsn;
	position->term = 0;
	while (i > 0)
	{
		const PgraftPromotion *link = &report->links[i - 1];

		if (link->fork_lsn == 0)
			return false;
		if (position->lsn > link->fork_lsn && is_in_log(state, link))
		{
			position->term = link->term;
			return true;
		}
		if (position->lsn > link->fork_lsn)
			position->lsn = link->fork_lsn;
		i--;
	}
	return report->n_links < PGRAFT_REPORT_LINKS;
}

bool
pgraft_report_by_hand(const PgraftReport *report, const PgraftState *state)
{
	return report->n_links > 0 && !is_in_log(state, &report->links[report->n_links - 1]);
}

int
pgraft_position_compare(PgraftPosition a, PgraftPosition b)
{
	if (a.term != b.term)
		return a.term < b.term ? -1 : 1;
	if (a.lsn != b.lsn)
		return a.lsn < b.lsn ? -1 : 1;
	return 0;
}

static bool
links_agree(const PgraftPromotion *a, const PgraftPromotion *b)
{
	return a->term == b->term && a->timeline == b->timeline && a->parent == b->parent &&
		   (a->fork_lsn == b->fork_lsn || a->fork_lsn == 0 || b->fork_lsn == 0);
}

/*
 * Lay chain over primary at the first term that both know; *i and *j: where they part.  false: they have nothing in common, though one of
 * them has dropped its oldest links.
 */
static bool
find_parting(const PgraftPromotion *chain, int n_chain, const PgraftPromotion *primary, int n_primary, int *i, int *j)
{
	bool whole = n_chain < PGRAFT_MAX_PROMOTIONS && n_primary < PGRAFT_MAX_PROMOTIONS;
	int a = 0;
	int b = 0;

	*i = *j = 0;
	if (n_chain == 0 || whole)
	{
		while (*i < n_chain && *j < n_primary && links_agree(&chain[*i], &primary[*j]))
		{
			(*i)++;
			(*j)++;
		}
		return whole;
	}
	while (a < n_chain && b < n_primary && chain[a].term != primary[b].term)
	{
		if (chain[a].term < primary[b].term)
			a++;
		else
			b++;
	}

	/* Only one side can have dropped its oldest links: links on both sides before the first common one are a fork. */
	if (a >= n_chain || b >= n_primary || (a > 0 && b > 0))
		return false;
	while (a < n_chain && b < n_primary && links_agree(&chain[a], &primary[b]))
	{
		a++;
		b++;
	}
	*i = a;
	*j = b;
	return true;
}

/* pg_rewind finds the fork by the numbers of the timelines: they must not repeat in what comes after it. */
static bool
numbers_repeat(const PgraftPromotion *chain, int n_chain, const PgraftPromotion *primary, int n_primary)
{
	for (int i = 0; i < n_chain; i++)
		for (int j = 0; j < n_primary; j++)
			if (chain[i].timeline == primary[j].timeline)
				return true;
	return false;
}

PgraftFit
pgraft_history_fit(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn, const PgraftPromotion *primary,
				   int n_primary)
{
	int i;
	int j;

	if (!find_parting(chain, n_chain, primary, n_primary, &i, &j))
		return PGRAFT_FIT_CLONE;
	if (i < n_chain)
		return numbers_repeat(chain + i, n_chain - i, primary + j, n_primary - j) ? PGRAFT_FIT_CLONE
																				  : PGRAFT_FIT_REWIND;
	if (j >= n_primary)
		return PGRAFT_FIT_FOLLOW;
	if (n_chain > 0 && primary[j].parent != chain[n_chain - 1].timeline)
		return PGRAFT_FIT_CLONE;
	return primary[j].fork_lsn != 0 && end_lsn <= primary[j].fork_lsn ? PGRAFT_FIT_FOLLOW : PGRAFT_FIT_REWIND;
}

int
pgraft_links_in_use(const PgraftPromotion *chain, int n_chain, uint64_t end_lsn)
{
	int n = n_chain;

	while (n > 0 && chain[n - 1].fork_lsn >= end_lsn)
		n--;
	return n;
}
