/*
 * membership.c
 *	  See membership.h: takes the steps.
 */
#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/consensus_private.h"

#define INVITE_AGAIN_MS 500
#define TRY_AGAIN_MS	1000

static uint64_t
current_term(const PgraftConsensus *g)
{
	return pgraft_term(raft_current_term(&g->raft));
}

static void
say(PgraftConsensus *g, const char *what, int32_t node_id, const char *why)
{
	char message[320];

	snprintf(message, sizeof message, "node %d %s%s%s", node_id, what, why[0] == '\0' ? "" : ": ", why);
	g->config.hooks.log(message);
}

static void
forget_member(PgraftConsensus *g, int32_t node_id)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_REMOVED;
	entry.node_id = node_id;
	g->membership.forgetting = true;
	pgraft_consensus_propose(&entry, PGRAFT_TICKET_FORGET);
}

void
pgraft_membership_forgotten(PgraftConsensus *g)
{
	g->membership.forgetting = false;
}

static void
note_new_voter(int32_t node_id)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_EVENT;
	entry.node_id = node_id;
	entry.at_ms = pgraft_wall_ms();
	entry.term = current_term(&pgraft_group);
	entry.u.event.type = PGRAFT_EVENT_MEMBER_ADDED;
	snprintf(entry.u.event.detail, sizeof entry.u.event.detail, "node %d is a voter", node_id);
	pgraft_consensus_propose(&entry, PGRAFT_TICKET_NOTE);
}

static const char *
done_text(const PgraftMembership *m)
{
	switch (m->submitted.kind)
	{
		case PGRAFT_STEP_ADD:
			return "is added, without a vote until it has caught up";
		case PGRAFT_STEP_ASSIGN_STANDBY:
			return "gets the Raft log";
		case PGRAFT_STEP_ASSIGN_VOTER:
			return "is a voter";
		default:
			return m->change.asked && m->change.kind == PGRAFT_CHANGE_REMOVE
					   ? "is removed from the cluster"
					   : "has lost its state: it is removed, to be added anew";
	}
}

/* libraft is done with raft_change: committed, or not as far as this server knows. */
static void
changed(struct raft_change *raft_change, int status)
{
	PgraftConsensus *g = raft_change->data;
	PgraftMembership *m = &g->membership;

	m->changing = false;
	m->failed_ms = status == 0 ? 0 : pgraft_now_ms();
	if (status != 0)
	{
		say(g, "could not be changed in the configuration", m->submitted.node_id, raft_strerror(status));
		return;
	}
	say(g, done_text(m), m->submitted.node_id, "");
	if (m->submitted.kind == PGRAFT_STEP_ASSIGN_VOTER)
		note_new_voter(m->submitted.node_id);
}

static int
submit(PgraftConsensus *g, const PgraftStep *step, const char *address)
{
	struct raft_change *raft_change = &g->membership.raft_change;
	raft_id id = (raft_id) step->node_id;

	raft_change->data = g;
	switch (step->kind)
	{
		case PGRAFT_STEP_ADD:
			return raft_add(&g->raft, raft_change, id, address, changed);
		case PGRAFT_STEP_ASSIGN_STANDBY:
			return raft_assign(&g->raft, raft_change, id, RAFT_STANDBY, changed);
		case PGRAFT_STEP_ASSIGN_VOTER:
			return raft_assign(&g->raft, raft_change, id, RAFT_VOTER, changed);
		default:
			return raft_remove(&g->raft, raft_change, id, changed);
	}
}

/* The request is marked first: libraft may be done with it at once. */
static void
change_configuration(PgraftConsensus *g, const PgraftStep *step, const char *address)
{
	PgraftMembership *m = &g->membership;
	int rc;

	m->changing = true;
	m->submitted = *step;
	rc = submit(g, step, address);
	if (rc == 0)
		return;
	m->changing = false;
	m->failed_ms = pgraft_now_ms();
	say(g, "could not be changed in the configuration", step->node_id, raft_strerror(rc));
}

static void
want_barrier(PgraftConsensus *g, int32_t newcomer)
{
	PgraftMembership *m = &g->membership;
	uint64_t index = g->raft.configuration_committed_index;

	if (m->wanted.ticket != 0 && m->wanted.configuration_index == index && m->wanted.node_id == newcomer)
		return;

	/* Tickets of a worker that ran before this one are older. */
	m->last_ticket = m->last_ticket == 0 ? (uint64_t) pgraft_wall_ms() : m->last_ticket + 1;
	m->wanted = (PgraftBarrier){.ticket = m->last_ticket, .configuration_index = index, .node_id = newcomer};
	g->config.hooks.want_barrier(&m->wanted);
}

void
pgraft_consensus_barrier_reached(uint64_t ticket)
{
	PgraftMembership *m = &pgraft_group.membership;

	if (ticket != 0 && ticket == m->wanted.ticket)
		m->reached = m->wanted;
}

static void
invite(PgraftConsensus *g, const PgraftMembershipView *view, int32_t node_id)
{
	int64_t *invited_ms = &g->membership.invited_ms[node_id];

	if (*invited_ms != 0 && view->now_ms - *invited_ms < INVITE_AGAIN_MS)
		return;
	*invited_ms = view->now_ms;
	pgraft_presence_invite(node_id, view->configuration_index, view->seen[node_id].incarnation);
}

static void
finish(PgraftConsensus *g, const PgraftOutcome *outcome)
{
	PgraftChange change = g->membership.change;

	if (!change.asked)
		return;
	pgraft_presence_forget(change.node_id);
	memset(&g->membership.change, 0, sizeof g->membership.change);
	pgraft_requests_changed(g, &change, outcome);
}

static void
take_step(PgraftConsensus *g, const PgraftMembershipView *view, const PgraftChange *change, const PgraftStep *step)
{
	PgraftOutcome done = {.code = PGRAFT_OUTCOME_DONE, .index = raft_last_applied(&g->raft)};

	switch (step->kind)
	{
		case PGRAFT_STEP_NONE:
			break;
		case PGRAFT_STEP_CONNECT:
			pgraft_presence_meet(step->node_id, change->address);
			break;
		case PGRAFT_STEP_FORGET_MEMBER:
			forget_member(g, step->node_id);
			break;
		case PGRAFT_STEP_INVITE:
			invite(g, view, step->node_id);
			break;
		case PGRAFT_STEP_WANT_BARRIER:
			want_barrier(g, step->node_id);
			break;
		case PGRAFT_STEP_ADD:
			if (pgraft_state_member(&g->state, step->node_id) != NULL)
				forget_member(g, step->node_id);
			change_configuration(g, step, change->address);
			break;
		case PGRAFT_STEP_ASSIGN_STANDBY:
		case PGRAFT_STEP_ASSIGN_VOTER:
		case PGRAFT_STEP_REMOVE:
			change_configuration(g, step, "");
			break;
		case PGRAFT_STEP_DONE:
			finish(g, &done);
			break;
		case PGRAFT_STEP_FAIL:
			finish(g, &step->outcome);
			break;
	}
}

/* Whatever was begun in another term is the next leader's, or is found anew.  Only what libraft still has stays marked. */
static void
begin_term(PgraftMembership *m, uint64_t term)
{
	if (m->term == term)
		return;
	m->term = term;
	m->failed_ms = 0;
	memset(&m->change, 0, sizeof m->change);
	memset(&m->wanted, 0, sizeof m->wanted);
	memset(&m->reached, 0, sizeof m->reached);
	memset(m->invited_ms, 0, sizeof m->invited_ms);
}

void
pgraft_membership_turn(PgraftConsensus *g)
{
	static PgraftMembershipView view;
	PgraftMembership *m = &g->membership;
	PgraftChange change;
	PgraftStep step;
	int64_t now = pgraft_now_ms();

	begin_term(m, current_term(g));
	if (!pgraft_membership_settled(g) || (m->failed_ms != 0 && now - m->failed_ms < TRY_AGAIN_MS))
		return;
	pgraft_membership_view(g, &view);
	change = m->change.asked ? m->change : pgraft_membership_mend(&view);
	if (change.asked && view.seen[change.node_id].fresh && pgraft_view_server(&view, change.node_id) != NULL)
		m->change.deadline_ms = change.deadline_ms = now + PGRAFT_MEET_DEADLINE_MS;
	step = pgraft_membership_step(&view, &change);
	take_step(g, &view, &change, &step);
}

void
pgraft_membership_begin(PgraftConsensus *g, const PgraftChange *change)
{
	begin_term(&g->membership, current_term(g));
	g->membership.change = *change;
}
