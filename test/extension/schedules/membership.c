/*
 * membership.c
 *	  The leader's changes of membership, and those who are removed or lose everything (safety.md R4, R13, R14): what net/membership.c does.
 */
#include <stdio.h>
#include <string.h>

#include "model.h"

static PgraftEntry entry;

static void
changed(struct raft_change *request, int status)
{
	Server *s = request->data;

	s->change_pending = false;
	if (status == 0)
		s->wal_barrier_for = 0;
}

/* rc of the call that begins it. */
static void
begun(Server *s, int rc, const char *what, const Server *t)
{
	s->change_pending = rc == 0;
	if (rc == 0)
		trace("server %d %s server %d", s->id, what, t->id);
}

static struct raft_change *
request_of(Server *s)
{
	s->change.data = s;
	s->change_pending = true;
	return &s->change;
}

static void
add(Server *s, const Server *t)
{
	static char addresses[MAX_SERVERS][4];

	(void) snprintf(addresses[t->index], sizeof(addresses[0]), "%d", t->id);
	begun(s, raft_add(raft_of(s), request_of(s), (raft_id) t->id, addresses[t->index], changed), "adds", t);
}

static void
assign(Server *s, const Server *t, int role)
{
	begun(s, raft_assign(raft_of(s), request_of(s), (raft_id) t->id, role, changed),
		  role == RAFT_VOTER ? "makes a voter of" : "makes a standby of", t);
	model.n_voters_made += s->change_pending && role == RAFT_VOTER;
}

static bool
reaches(const Server *s, const Server *t)
{
	return linked(s->index, t->index) && linked(t->index, s->index);
}

/* A voter goes only if those who are left, and there, are a majority. */
static void
drop(Server *s, const Server *t)
{
	int there = 0;

	if (group_is_voter(s, t->id))
	{
		for (int i = 0; i < model.n; i++)
			there += group_is_voter(s, i + 1) && i != t->index && model.servers[i].formed &&
					 (i == s->index || reaches(s, &model.servers[i]));
		if (there <= (group_voters(s) - 1) / 2 || !wal_barrier_reached(s, NULL))
			return;
	}
	begun(s, raft_remove(raft_of(s), request_of(s), (raft_id) t->id, changed), "removes", t);
	model.n_removed += s->change_pending;
}

static void
tell_incarnation(Server *s, const Server *t)
{
	if (s->apply_pending)
		return;
	memset(&entry, 0, sizeof(entry));
	entry.type = PGRAFT_ENTRY_MEMBER;
	entry.term = group_term(s);
	entry.node_id = t->id;
	entry.u.member.node_id = t->id;
	(void) snprintf(entry.u.member.name, sizeof(entry.u.member.name), "node%d", t->id);
	(void) snprintf(entry.u.member.incarnation, sizeof(entry.u.member.incarnation), "%032x", (unsigned) t->incarnation);
	group_propose(s, &entry);
}

/* R4: without its Raft state it is nobody, whatever it was before; only a spare, which was sent no log yet, can be invited as it is. */
static void
meet_stateless(Server *s, Server *t, int role)
{
	if (role != RAFT_SPARE)
	{
		model.to_add[t->index] = true;
		drop(s, t);
	}
	else if (known_incarnation(s, t->index) != t->incarnation)
		tell_incarnation(s, t);
	else
	{
		t->joined_at = raft_of(s)->configuration_committed_index;
		trace("server %d invites server %d, joined at %d", s->id, t->id, (int) t->joined_at);
		group_join(t);
	}
}

/* One step for a configured server, if there is one to take. */
static bool
mend(Server *s, Server *t, int role)
{
	if (!reaches(s, t))
		return false;
	if (!t->formed)
		meet_stateless(s, t, role);
	else if (role == RAFT_SPARE)
		assign(s, t, RAFT_STANDBY);
	else if (role == RAFT_STANDBY && known_incarnation(s, t->index) == t->incarnation && wal_barrier_reached(s, t))
		assign(s, t, RAFT_VOTER);
	else
		return role == RAFT_STANDBY;
	return true;
}

static int
role_in(const struct raft_configuration *configuration, int32_t id)
{
	for (unsigned i = 0; i < configuration->n; i++)
		if (configuration->servers[i].id == (raft_id) id)
			return configuration->servers[i].role;
	return -1;
}

/* Before an id is used again what the log knows of it has to go. */
static bool
forgets(Server *s)
{
	for (int i = 0; i < s->state.n_members; i++)
	{
		if (role_in(&raft_of(s)->configuration, s->state.members[i].node_id) >= 0)
			continue;
		if (!s->apply_pending)
		{
			memset(&entry, 0, sizeof(entry));
			entry.type = PGRAFT_ENTRY_REMOVED;
			entry.term = group_term(s);
			entry.node_id = s->state.members[i].node_id;
			group_propose(s, &entry);
		}
		return true;
	}
	return false;
}

static bool
does_what_was_asked_for(Server *s, Server *t, int role)
{
	if (role >= 0 && model.to_remove[t->index])
	{
		if (s == t)
			return false;
		drop(s, t);
		return true;
	}
	model.to_remove[t->index] = false;
	if (role >= 0 || !model.to_add[t->index] || t->formed || !reaches(s, t))
		return false;
	model.to_add[t->index] = false;
	add(s, t);
	return true;
}

/* R14: one at a time, and none before this leader's own entries are committed: a record of this term is (it serves). */
static bool
may_change(const Server *s)
{
	if (!group_leads(s) || s->change_pending)
		return false;
	return s->barrier_term == group_term(s) && s->serving && setting_fits(s) &&
		   raft_of(s)->configuration_uncommitted_index == 0;
}

static void
lead_changes(Server *s)
{
	if (!may_change(s) || forgets(s))
		return;
	for (int i = 0; i < model.n; i++)
	{
		Server *t = &model.servers[i];
		int role = role_in(&raft_of(s)->configuration, t->id);

		if (does_what_was_asked_for(s, t, role))
			return;
		if (role >= 0 && t != s && mend(s, t, role))
			return;
	}
}

/* Somebody's committed configuration, newer than ours, does not have us: our state is of no use any more; the data is. */
static void
notice_removal(Server *s)
{
	for (int i = 0; i < model.n; i++)
	{
		const Server *t = &model.servers[i];
		const struct raft *raft = raft_of(t);

		if (i == s->index || !t->formed || !reaches(s, t) || raft->configuration_uncommitted_index != 0)
			continue;
		if (raft->configuration_committed_index <= group_configuration_index(s) ||
			role_in(&raft->configuration, s->id) >= 0)
			continue;
		trace("server %d learns of its removal", s->id);
		s->formed = false;
		s->to_wipe = true;
		s->joined_at = 0;
		crash(s, false, MIN_DOWN_MS);
		return;
	}
}

void
membership_turn(Server *s)
{
	setting_turn(s);
	if (!s->formed)
		return;
	lead_changes(s);
	if (!group_leads(s))
		notice_removal(s);
}

/* The disk is empty: a new incarnation, which is cloned, and waits to be added. */
void
lose_everything(Server *s)
{
	trace("server %d loses its disk", s->id);
	crash(s, true, MIN_DOWN_MS);
	model.n_lost++;
	s->wal.n = s->wal.flushed = 0;
	s->n_chain = 0;
#ifdef MUTANT_LOST_DATA_VOTES
	s->wal.n = s->wal.flushed = FIRST_RECORDS;
	memset(&s->marker, 0, sizeof(s->marker));
	return;
#endif
	s->marker = (Marker){.state = MARKER_WORKING};
	s->rejoin_from = -1;
	s->rejoin_at = 0;
	s->to_wipe = true;
	s->joined_at = 0;
#ifdef MUTANT_LOST_RAFT_VOTES
	return;
#endif
	s->incarnation = ++model.last_incarnation;
	s->formed = false;
}
