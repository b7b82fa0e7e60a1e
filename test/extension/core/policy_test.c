/*
 * policy_test.c
 *	  Who stands, promotes, follows and confirms.
 */
#include "core/policy.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;

static PgraftView
follower(int32_t self, uint64_t term)
{
	return (PgraftView){.self = self, .current_term = term, .in_recovery = true, .state = &state};
}

static PgraftView
leader(int32_t self, uint64_t term)
{
	PgraftView view = follower(self, term);

	view.leader = true;
	view.barrier_applied = true;
	return view;
}

/* A server that has been asked to promote for term; in recovery until it says otherwise. */
static PgraftView
promoting(PgraftView view, uint64_t term, bool in_recovery)
{
	view.promoting_term = term;
	view.in_recovery = in_recovery;
	return view;
}

#define CHECK_DECISION(the_view, the_action, the_node, the_term) \
	do \
	{ \
		PgraftView check_view = (the_view); \
		PgraftDecision check_d = pgraft_decide(&check_view); \
		CHECK_INT(check_d.action, the_action); \
		CHECK_INT(check_d.node_id, the_node); \
		CHECK_INT(check_d.term, the_term); \
	} while (0)

#define CHECK_WAITS(the_view) CHECK_DECISION(the_view, PGRAFT_WAIT, 0, 0)

TEST(before_the_first_record_only_node_1_may_stand)
{
	pgraft_state_init(&state);
	CHECK(pgraft_may_stand(&state, 1));
	CHECK(!pgraft_may_stand(&state, 2));
	CHECK(apply_intent(&state, 1, 1));
	CHECK(!pgraft_may_stand(&state, 2));
}

TEST(after_the_first_record_everybody_may_stand)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(pgraft_may_stand(&state, 1));
	CHECK(pgraft_may_stand(&state, 2));
	CHECK(pgraft_may_stand(&state, 9));
}

TEST(a_follower_waits_while_nobody_was_ever_promoted)
{
	pgraft_state_init(&state);
	CHECK_WAITS(follower(2, 1));
	CHECK_WAITS(follower(1, 1));
	CHECK(apply_intent(&state, 1, 1));
	CHECK_WAITS(follower(2, 1));
}

TEST(a_follower_streams_from_the_server_of_the_last_record)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_DECISION(follower(2, 1), PGRAFT_FOLLOW, 1, 1);
	CHECK(apply_promotion(&state, 4, 3, 3));
	CHECK_DECISION(follower(2, 9), PGRAFT_FOLLOW, 3, 4);
}

TEST(a_follower_waits_while_a_newer_promotion_is_pending)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(apply_intent(&state, 2, 1));
	CHECK_WAITS(follower(2, 2));
}

TEST(the_server_of_the_last_record_follows_nobody_when_it_comes_back_as_a_standby)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_WAITS(follower(1, 2));
}

TEST(a_leader_waits_until_its_barrier_is_applied)
{
	PgraftView view = leader(1, 2);

	pgraft_state_init(&state);
	view.barrier_applied = false;
	CHECK_WAITS(view);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_WAITS(view);
	view.self = 2;
	CHECK_WAITS(view);
}

TEST(a_leader_that_is_not_node_1_hands_over_to_it_before_the_first_record)
{
	pgraft_state_init(&state);
	CHECK_DECISION(leader(2, 1), PGRAFT_HAND_OVER, 1, 0);
}

TEST(a_leader_hands_over_to_the_server_of_the_last_record)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 3, 2));
	CHECK_DECISION(leader(1, 2), PGRAFT_HAND_OVER, 3, 0);
	CHECK(apply_intent(&state, 2, 3));
	CHECK_DECISION(leader(1, 3), PGRAFT_HAND_OVER, 3, 0);
}

TEST(a_leader_that_owns_the_last_record_commits_an_intent_of_its_term)
{
	pgraft_state_init(&state);
	CHECK_DECISION(leader(1, 1), PGRAFT_COMMIT_INTENT, 1, 1);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_DECISION(leader(1, 5), PGRAFT_COMMIT_INTENT, 1, 5);
}

TEST(an_intent_of_an_earlier_term_does_not_do)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_DECISION(leader(1, 2), PGRAFT_COMMIT_INTENT, 1, 2);
}

TEST(a_leader_promotes_when_the_intent_of_its_term_is_committed)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_DECISION(leader(1, 1), PGRAFT_PROMOTE, 1, 1);
	CHECK(apply_promotion(&state, 2, 1, 2));
	CHECK(apply_intent(&state, 6, 1));
	CHECK_DECISION(leader(1, 6), PGRAFT_PROMOTE, 1, 6);
}

TEST(a_term_is_good_for_one_promotion)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 3, 1, 2));
	CHECK_WAITS(leader(1, 3));
	CHECK_WAITS(leader(1, 2));
}

TEST(nobody_promotes_in_term_0)
{
	pgraft_state_init(&state);
	CHECK_WAITS(leader(1, 0));
}

TEST(a_leader_that_was_asked_to_promote_awaits_it)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_DECISION(promoting(leader(1, 1), 1, true), PGRAFT_AWAIT_PROMOTION, 1, 1);
	CHECK_DECISION(promoting(leader(1, 2), 1, true), PGRAFT_AWAIT_PROMOTION, 1, 1);
}

TEST(a_leader_waits_when_a_newer_promotion_came_between)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK(apply_intent(&state, 2, 2));
	CHECK_WAITS(promoting(leader(1, 3), 1, true));
	CHECK_WAITS(promoting(leader(1, 3), 7, true));
	CHECK(apply_intent(&state, 3, 1));
	CHECK_WAITS(promoting(leader(1, 3), 1, true));
}

TEST(a_follower_that_was_asked_to_promote_waits)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_WAITS(promoting(follower(1, 2), 1, true));
}

TEST(a_promoted_leader_commits_the_record)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_DECISION(promoting(leader(1, 1), 1, false), PGRAFT_COMMIT_RECORD, 1, 1);
	CHECK_DECISION(promoting(leader(1, 4), 1, false), PGRAFT_COMMIT_RECORD, 1, 1);
}

TEST(older_intents_of_others_and_newer_ones_of_its_own_do_not_keep_a_promoted_leader_from_its_record)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 2));
	CHECK(apply_intent(&state, 2, 1));
	CHECK(apply_intent(&state, 3, 1));
	CHECK_DECISION(promoting(leader(1, 3), 2, false), PGRAFT_COMMIT_RECORD, 1, 2);
}

TEST(a_promoted_server_waits_with_its_record_until_it_leads_and_its_barrier_is_applied)
{
	PgraftView view = promoting(leader(1, 2), 1, false);

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_WAITS(promoting(follower(1, 2), 1, false));
	view.barrier_applied = false;
	CHECK_WAITS(view);
}

TEST(a_promoted_server_commits_no_record_once_another_has_a_newer_intent_or_record)
{
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK(apply_intent(&state, 2, 2));
	CHECK_WAITS(promoting(leader(1, 3), 1, false));
	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK(apply_promotion(&state, 2, 2, 2));
	CHECK_WAITS(promoting(leader(1, 3), 1, false));
}

TEST(a_promoted_server_without_an_intent_of_its_own_waits)
{
	pgraft_state_init(&state);
	CHECK_WAITS(promoting(leader(1, 1), 1, false));
	CHECK(apply_intent(&state, 1, 2));
	CHECK_WAITS(promoting(leader(1, 1), 1, false));
}

TEST(the_server_of_the_last_record_serves_whether_it_leads_or_not)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_DECISION(promoting(leader(1, 1), 1, false), PGRAFT_SERVE, 1, 1);
	CHECK_DECISION(promoting(follower(1, 2), 1, false), PGRAFT_SERVE, 1, 1);
	CHECK_DECISION(promoting(leader(1, 5), 1, false), PGRAFT_SERVE, 1, 1);
}

TEST(a_promoted_server_waits_when_the_last_record_is_anothers)
{
	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(apply_promotion(&state, 2, 2, 3));
	CHECK_WAITS(promoting(leader(1, 3), 1, false));
	CHECK_WAITS(promoting(follower(1, 3), 1, false));
}

TEST(a_server_that_was_promoted_by_hand_waits)
{
	PgraftView view = leader(1, 2);

	view.in_recovery = false;
	pgraft_state_init(&state);
	CHECK_WAITS(view);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK_WAITS(view);
	view.leader = false;
	view.self = 2;
	CHECK_WAITS(view);
}

/* One line of a story: the view at this moment, what is decided, and what the log then gets. */
TEST(a_cluster_comes_up_loses_its_primary_and_gets_it_back)
{
	PgraftPromotion first[] = {link_of(1, 1, 2, 1, 0x100)};
	PgraftPromotion second[] = {link_of(1, 1, 2, 1, 0x100), link_of(3, 1, 3, 2, 0x200)};

	pgraft_state_init(&state);
	CHECK_DECISION(leader(1, 1), PGRAFT_COMMIT_INTENT, 1, 1);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_DECISION(leader(1, 1), PGRAFT_PROMOTE, 1, 1);
	CHECK_WAITS(follower(2, 1));
	CHECK_DECISION(promoting(leader(1, 1), 1, true), PGRAFT_AWAIT_PROMOTION, 1, 1);
	CHECK_DECISION(promoting(leader(1, 1), 1, false), PGRAFT_COMMIT_RECORD, 1, 1);
	CHECK(apply_record(&state, first, 1));
	CHECK_DECISION(promoting(leader(1, 1), 1, false), PGRAFT_SERVE, 1, 1);
	CHECK_DECISION(follower(2, 1), PGRAFT_FOLLOW, 1, 1);

	/* it is stopped: node 2 is elected and waits for it; started again it follows nobody, and gets the lead */
	CHECK_DECISION(leader(2, 2), PGRAFT_HAND_OVER, 1, 0);
	CHECK_DECISION(follower(3, 2), PGRAFT_FOLLOW, 1, 1);
	CHECK_WAITS(follower(1, 2));
	CHECK_DECISION(leader(1, 3), PGRAFT_COMMIT_INTENT, 1, 3);
	CHECK(apply_intent(&state, 3, 1));
	CHECK_WAITS(follower(3, 3));
	CHECK_DECISION(leader(1, 3), PGRAFT_PROMOTE, 1, 3);
	CHECK_DECISION(promoting(leader(1, 3), 3, false), PGRAFT_COMMIT_RECORD, 1, 3);
	CHECK(apply_record(&state, second, 2));
	CHECK_DECISION(promoting(leader(1, 3), 3, false), PGRAFT_SERVE, 1, 3);
	CHECK_DECISION(follower(3, 3), PGRAFT_FOLLOW, 1, 3);
}
