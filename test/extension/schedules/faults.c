/*
 * faults.c
 *	  What breaks, and its end.
 */
#include <string.h>

#include "model.h"

#include "core/codec.h"

static Server *
any_server(void)
{
	return &model.servers[below(model.n)];
}

static void
crash_one(void)
{
	Server *s = any_server();

	if (s->life != LIFE_DOWN)
		crash(s, percent(50), below(600));
}

static void
crash_primary(void)
{
	for (int i = 0; i < model.n; i++)
		if (model.servers[i].life == LIFE_UP && model.servers[i].serving)
			crash(&model.servers[i], percent(50), below(1000));
}

static void
crash_promoting(void)
{
	for (int i = 0; i < model.n; i++)
		if (model.servers[i].life == LIFE_UP && model.servers[i].promoting_term != 0 && !model.servers[i].serving)
			crash(&model.servers[i], percent(50), below(600));
}

static void
crash_all(void)
{
	for (int i = 0; i < model.n; i++)
		if (model.servers[i].life != LIFE_DOWN)
			crash(&model.servers[i], percent(80), below(800));
}

static void
pause_one(void)
{
	Server *s = percent(50) ? any_server() : NULL;

	for (int i = 0; s == NULL && i < model.n; i++)
		if (model.servers[i].serving)
			s = &model.servers[i];
	if (s != NULL && s->life == LIFE_UP)
		pause(s, 1 + below(percent(50) ? 150 : 1200));
}

static void
cut_links(void)
{
	int i = below(model.n);
	int j = below(model.n);
	int way = below(4);

	if (i == j)
		return;
	model.cut[i][j] = true;
	for (int k = 0; k < model.n && way > 0; k++)
	{
		if (k == j || k == i || way == 3)
			model.cut[j][i] = true;
		if (k != i && way == 1)
			model.cut[i][k] = model.cut[k][i] = true;
		if (k != i && way == 2)
			model.cut[i][k] = true;
	}
	model.cut_until = model.now + 50 + below(1200);
	trace("links of servers %d and %d are cut, way %d", i + 1, j + 1, way);
	group_apply_cuts();
}

static void
mend_links(void)
{
	memset(model.cut, 0, sizeof(model.cut));
	trace("all links are there");
	group_apply_cuts();
}

static void
switch_over(void)
{
	Server *s = any_server();

	if (s->life == LIFE_UP && group_leads(s))
		group_transfer(s, any_server()->id);
}

static bool
is_hand_made(const Server *s)
{
	return s->n_chain > 0 && s->chain[s->n_chain - 1].term == 0;
}

/* A data directory that somebody else has as well: what only one server has cannot be kept once it was promoted by hand. */
static bool
is_spare(const Server *s)
{
	for (int i = 0; i < model.n; i++)
		if (i != s->index && data_is_whole(&model.servers[i]) && model.servers[i].wal.flushed >= s->wal.n &&
			is_beginning(&s->wal, s->wal.n, &model.servers[i].wal))
			return model.n > 2;
	return false;
}

/* Somebody's pg_promote(): PostgreSQL makes the timeline, and its history tells of it; no intent, no link of ours. */
static void
promote_by_hand(void)
{
	Server *s = any_server();
	uint32_t parent;

	for (int i = 0; i < model.n; i++)
		if (is_hand_made(&model.servers[i]))
			return;
	if (s->life != LIFE_UP || !is_spare(s) || !s->in_recovery || s->promoting_term != 0 || !data_is_whole(s) ||
		pgraft_state_last_record(&s->state) == NULL)
		return;
	parent = s->n_chain > 0 ? s->chain[s->n_chain - 1].timeline : 1;
	s->chain[s->n_chain++] =
		(PgraftPromotion){.node_id = s->id, .timeline = parent + 1, .parent = parent, .fork_lsn = (uint64_t) s->wal.n};
	promote_now(s);
	if (percent(50))
		crash(s, percent(50), below(600));
}

static bool
set_failover(bool enabled)
{
	static PgraftEntry entry;

	for (int i = 0; i < model.n; i++)
	{
		Server *s = &model.servers[i];

		if (s->life != LIFE_UP || !group_leads(s) || s->apply_pending || s->state.failover_enabled == enabled)
			continue;
		memset(&entry, 0, sizeof(entry));
		entry.type = PGRAFT_ENTRY_CONFIG;
		entry.term = group_term(s);
		entry.node_id = s->id;
		(void) strcpy(entry.u.config.key, "failover_enabled");
		(void) strcpy(entry.u.config.value, enabled ? "true" : "false");
		group_propose(s, &entry);
		return true;
	}
	return false;
}

static void
pause_or_resume_failover(void)
{
	(void) set_failover(percent(50));
}

/* No more than can be mended without a word from outside: a majority of the voters keeps its disks. */
static void
lose_one(void)
{
	Server *s = any_server();

	for (int i = 0; i < model.n; i++)
	{
		const Server *view = &model.servers[i];

		if (view->formed && view->life == LIFE_UP && intact_voters(view, s) <= group_voters(view) / 2)
			return;
	}
	if (s->life == LIFE_UP && s->formed && best_informed() != s)
		lose_everything(s);
}

static void
add_one(void)
{
	model.to_add[below(model.n)] = true;
}

static void
remove_one(void)
{
	int i = below(model.n);

	model.to_remove[i] = true;
	model.to_add[i] = percent(80);
}

/* pgraft_transfer_leadership(). */
static void
transfer_explicitly(void)
{
	static PgraftEntry entry;
	int32_t to = any_server()->id;

	for (int i = 0; i < model.n; i++)
	{
		Server *s = &model.servers[i];

		if (s->life != LIFE_UP || !s->serving || s->apply_pending || s->change_pending || !group_is_voter(s, to))
			continue;
		memset(&entry, 0, sizeof(entry));
		entry.type = PGRAFT_ENTRY_TRANSFER;
		entry.term = group_term(s);
		entry.node_id = to;
		group_propose(s, &entry);
		group_transfer(s, to);
		return;
	}
}

typedef void (*Fault)(void);

static const Fault faults[N_FAULTS] = {crash_one, crash_one,	 crash_primary,	  crash_promoting,
									   crash_all, pause_one,	 pause_one,		  cut_links,
									   cut_links, mend_links,	 switch_over,	  switch_over,
									   crash_one, crash_primary, promote_by_hand, pause_or_resume_failover,
									   lose_one,  add_one,		 remove_one,	  transfer_explicitly};

void
maybe_break(void)
{
	int total = 0;
	int drawn;

	if (model.cut_until != 0 && model.now >= model.cut_until)
	{
		model.cut_until = 0;
		mend_links();
	}
	if (below(1000) >= model.dice.fault)
		return;
	for (int i = 0; i < N_FAULTS; i++)
		total += model.dice.weight[i];
	if (total == 0)
		return;
	drawn = below(total);
	for (int i = 0; i < N_FAULTS; i++)
	{
		drawn -= model.dice.weight[i];
		if (drawn >= 0)
			continue;
		faults[i]();
		return;
	}
}

/* Nothing breaks any more, and whoever is away comes back soon. */
void
heal(void)
{
	if (!model.healed)
	{
		model.healed = true;
		model.dice.loss = 0;
		model.dice.lazy = model.dice.lazy > 50 ? 50 : model.dice.lazy;
		mend_links();
		for (int i = 0; i < model.n; i++)
			if (model.servers[i].life != LIFE_UP && model.servers[i].wake_at > model.now + 2 * MIN_DOWN_MS)
				model.servers[i].wake_at = model.now + 2 * MIN_DOWN_MS;
		trace("everything is healed");
	}
	(void) set_failover(true);
	for (int i = 0; i < model.n; i++)
	{
		model.to_remove[i] = false;
		model.to_add[i] = true;
	}
}
