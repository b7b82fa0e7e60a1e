/*
 * membership_test.c
 *	  What the leader knows -> the next step of a change.
 */
#include "core/membership.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static PgraftMembershipView view;

static void
incarnation_of(char *text, int32_t id, int generation)
{
	(void) snprintf(text, PGRAFT_INCARNATION_SIZE, "%016d%016d", generation, id);
}

static PgraftServer *
configure(int32_t id, PgraftMemberRole role)
{
	PgraftServer *server = &view.servers[view.n_servers++];

	*server = (PgraftServer){.node_id = id, .role = role, .reachable = true, .match_index = 100};
	(void) snprintf(server->address, sizeof(server->address), "node%d:7000", (int) id);
	return server;
}

/* It says of itself that it has data of this generation, and Raft state or not. */
static PgraftSeen *
present(int32_t id, int generation, bool formed)
{
	PgraftSeen *seen = &view.seen[id];

	*seen = (PgraftSeen){.fresh = true, .formed = formed, .same_group = true, .system_identifier = 7};
	incarnation_of(seen->incarnation, id, generation);
	(void) snprintf(seen->address, sizeof(seen->address), "node%d:7000", (int) id);
	return seen;
}

static void
name(int32_t id, int generation)
{
	char incarnation[PGRAFT_INCARNATION_SIZE];

	incarnation_of(incarnation, id, generation);
	apply_member(&state, id, "node", incarnation);
}

/* Node 1 leads so many voters, all there, the configuration at index 100. */
static void
cluster_of(int n_voters)
{
	memset(&view, 0, sizeof(view));
	pgraft_state_init(&state);
	view = (PgraftMembershipView){.now_ms = 50000,
								  .self = 1,
								  .system_identifier = 7,
								  .settled = true,
								  .quorum = true,
								  .configuration_index = 100};
	view.state = &state;
	for (int32_t id = 1; id <= n_voters; id++)
	{
		configure(id, PGRAFT_VOTER);
		name(id, 1);
		if (id != 1)
			present(id, 1, true);
	}
}

static void
reach_barrier(int32_t newcomer)
{
	view.barrier_index = view.configuration_index;
	view.barrier_node = newcomer;
}

static PgraftChange
change_of(PgraftChangeKind kind, int32_t id)
{
	PgraftChange change = {.kind = kind, .node_id = id, .asked = true, .deadline_ms = view.now_ms + 1};

	(void) snprintf(change.address, sizeof(change.address), "node%d:7000", (int) id);
	return change;
}

static PgraftStep
step_of(PgraftChangeKind kind, int32_t id)
{
	PgraftChange change = change_of(kind, id);

	return pgraft_membership_step(&view, &change);
}

TEST(a_server_is_added_step_by_step)
{
	PgraftServer *server;

	cluster_of(1);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
	present(2, 1, false);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_ADD);
	server = configure(2, PGRAFT_SPARE);
	server->match_index = 0;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_NONE);
	name(2, 1);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_INVITE);
	present(2, 1, true);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_ASSIGN_STANDBY);
	server->role = PGRAFT_STANDBY;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_NONE);
	server->match_index = 99;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_NONE);
	server->match_index = 100;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_WANT_BARRIER);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).node_id, 2);
	reach_barrier(2);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_ASSIGN_VOTER);
	server->role = PGRAFT_VOTER;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_DONE);
}

TEST(r13_a_barrier_of_another_configuration_or_without_the_newcomer_makes_no_voter)
{
	cluster_of(2);
	configure(3, PGRAFT_STANDBY);
	name(3, 1);
	present(3, 1, true);
	reach_barrier(0);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 3).kind, PGRAFT_STEP_WANT_BARRIER);
	reach_barrier(2);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 3).kind, PGRAFT_STEP_WANT_BARRIER);
	reach_barrier(3);
	view.configuration_index++;
	view.servers[2].match_index = view.configuration_index;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 3).kind, PGRAFT_STEP_WANT_BARRIER);
	reach_barrier(3);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 3).kind, PGRAFT_STEP_ASSIGN_VOTER);
}

TEST(r13_a_server_is_removed_between_two_barriers)
{
	cluster_of(3);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_WANT_BARRIER);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).node_id, 0);
	reach_barrier(0);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_REMOVE);
	view.n_servers = 2;
	view.configuration_index = 101;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_FORGET_MEMBER);
	state.n_members = 2;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_WANT_BARRIER);
	reach_barrier(0);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_DONE);
}

TEST(r14_nothing_is_begun_while_something_is_under_way_or_the_leader_does_not_serve)
{
	cluster_of(3);
	reach_barrier(0);
	view.settled = false;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_NONE);
	present(4, 1, false);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 4).kind, PGRAFT_STEP_NONE);
	present(3, 2, false);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
}

TEST(no_server_is_removed_when_the_rest_would_be_no_majority)
{
	cluster_of(3);
	reach_barrier(0);
	view.servers[1].reachable = false;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_FAIL);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).outcome.code, PGRAFT_OUTCOME_STATE);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 2).kind, PGRAFT_STEP_REMOVE);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 1).kind, PGRAFT_STEP_FAIL);
}

TEST(nor_when_the_rest_may_have_to_stop_for_its_data)
{
	cluster_of(3);
	reach_barrier(0);
	view.servers[1].lag_bytes = -1;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_FAIL);
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 2).kind, PGRAFT_STEP_REMOVE);
	view.servers[0].lag_bytes = -1;
	view.servers[1].lag_bytes = 0;
	CHECK_INT(step_of(PGRAFT_CHANGE_REMOVE, 3).kind, PGRAFT_STEP_REMOVE);
}

TEST(a_server_that_is_not_what_it_should_be_is_not_added)
{
	PgraftSeen *seen;

	cluster_of(1);
	seen = present(2, 1, false);
	seen->system_identifier = 8;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_FAIL);
	seen = present(2, 1, true);
	seen->same_group = false;
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).outcome.code, PGRAFT_OUTCOME_STATE);
	CHECK_TEXT(step_of(PGRAFT_CHANGE_ADD, 2).outcome.message, "node 2 at node2:7000 is a member of another Raft group");
	present(2, 1, true);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
	seen = present(2, 1, false);
	strcpy(seen->advertised, "node2:7000");
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_ADD);
	strcpy(seen->advertised, "0.0.0.0:7000");
	CHECK_TEXT(step_of(PGRAFT_CHANGE_ADD, 2).outcome.message,
			   "node 2 at node2:7000 says that its address is 0.0.0.0:7000");
	seen = present(2, 1, false);
	strcpy(seen->address, "elsewhere:7000");
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
	seen->address[0] = '\0';
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
	seen = present(2, 1, false);
	seen->incarnation[0] = '\0';
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
}

TEST(a_server_that_does_not_come_in_time_is_given_up_with_the_reason)
{
	PgraftChange late;

	cluster_of(1);
	CHECK_INT(step_of(PGRAFT_CHANGE_ADD, 2).kind, PGRAFT_STEP_CONNECT);
	late = change_of(PGRAFT_CHANGE_ADD, 2);
	late.deadline_ms = view.now_ms;
	CHECK_TEXT(pgraft_membership_step(&view, &late).outcome.message,
			   "node 2 at node2:7000 did not answer as a server of this cluster within 10 s");
	strcpy(view.seen[2].refusal, "connection refused");
	CHECK(strstr(pgraft_membership_step(&view, &late).outcome.message, "connection refused") != NULL);
	present(2, 1, true);
	CHECK(strstr(pgraft_membership_step(&view, &late).outcome.message, "still has Raft state") != NULL);
	late.asked = false;
	CHECK_INT(pgraft_membership_step(&view, &late).kind, PGRAFT_STEP_NONE);
}

TEST(a_whole_cluster_needs_no_mending)
{
	cluster_of(3);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
}

TEST(r4_a_voter_that_lost_its_state_is_removed_and_added_anew)
{
	PgraftChange change;

	cluster_of(3);
	present(3, 2, false);
	change = pgraft_membership_mend(&view);
	CHECK_INT(change.kind, PGRAFT_CHANGE_ADD);
	CHECK_INT(change.node_id, 3);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_WANT_BARRIER);
	reach_barrier(0);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_REMOVE);
	view.n_servers = 2;
	change = pgraft_membership_mend(&view);
	CHECK_INT(change.kind, PGRAFT_CHANGE_ADD);
	CHECK_TEXT(change.address, "node3:7000");
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_ADD);
}

TEST(r4_a_voter_is_not_taken_for_lost_while_it_is_away_or_was_never_formed)
{
	cluster_of(3);
	present(3, 2, false)->fresh = false;
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
	present(3, 1, false);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
}

TEST(r4_a_standby_without_raft_state_is_never_invited_again)
{
	PgraftChange change;

	cluster_of(3);
	configure(4, PGRAFT_STANDBY)->match_index = 0;
	name(4, 1);
	present(4, 1, false);
	reach_barrier(0);
	change = pgraft_membership_mend(&view);
	CHECK_INT(change.node_id, 4);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_REMOVE);
}

TEST(one_that_was_removed_on_purpose_is_forgotten)
{
	PgraftChange change;

	cluster_of(3);
	view.n_servers = 2;
	change = pgraft_membership_mend(&view);
	CHECK_INT(change.kind, PGRAFT_CHANGE_REMOVE);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_FORGET_MEMBER);
	view.seen[3].fresh = false;
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
	view.seen[3].orphaned_ms = PGRAFT_ORPHAN_MS;
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_REMOVE);
	present(3, 2, false);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_ADD);
}

TEST(a_new_leader_goes_on_with_a_spare_and_a_standby)
{
	PgraftChange change;

	cluster_of(3);
	configure(4, PGRAFT_SPARE);
	name(4, 1);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
	present(4, 1, false);
	change = pgraft_membership_mend(&view);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_INVITE);
	present(4, 1, true);
	change = pgraft_membership_mend(&view);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_ASSIGN_STANDBY);
	view.servers[3].role = PGRAFT_STANDBY;
	change = pgraft_membership_mend(&view);
	CHECK_INT(pgraft_membership_step(&view, &change).kind, PGRAFT_STEP_WANT_BARRIER);
	present(4, 3, true);
	CHECK_INT(pgraft_membership_mend(&view).kind, PGRAFT_CHANGE_NONE);
}

TEST(a_loss_is_mended_before_a_spare_is_raised)
{
	cluster_of(3);
	configure(4, PGRAFT_STANDBY);
	name(4, 1);
	present(4, 1, true);
	CHECK_INT(pgraft_membership_mend(&view).node_id, 4);
	present(3, 2, false);
	CHECK_INT(pgraft_membership_mend(&view).node_id, 3);
	view.servers[1].reachable = false;
	CHECK_INT(pgraft_membership_mend(&view).node_id, 4);
}
