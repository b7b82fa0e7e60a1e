/*
 * policy_test.c
 *	  Who stands, freezes, promotes, follows, hands over and stops (safety.md S1-S3, R1, R3, R6, R7, R17).
 */
#include "core/policy.h"

#include "policy_view.h"

TEST(before_the_first_record_only_node_1_may_stand)
{
	pgraft_state_init(&state);
	CHECK(pgraft_may_stand(&state, 1));
	CHECK(!pgraft_may_stand(&state, 2));
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(pgraft_may_stand(&state, 2));
}

TEST(before_the_first_record_a_leader_that_is_not_node_1_hands_over_to_it)
{
	pgraft_state_init(&state);
	CHECK_DECISION(leader(2, 1), PGRAFT_HAND_OVER, 1, 1);
	CHECK_DECISION(leader(1, 1), PGRAFT_COMMIT_INTENT, 1, 1);
}

TEST(S2_a_newer_term_freezes_a_follower_and_a_leader_alike)
{
	PgraftView view = follower(2, 5);

	after_first_promotion();
	view.frozen_term = 4;
	CHECK_DECISION(view, PGRAFT_FREEZE, 2, 5);
	view.leader = view.barrier_applied = true;
	CHECK_DECISION(view, PGRAFT_FREEZE, 2, 5);
}

TEST(S2_a_server_that_knows_nothing_of_raft_goes_on_as_it_is)
{
	PgraftView view = follower(2, 5);

	view.frozen_term = 0;
	view.raft_known = false;
	view.member = true;
	CHECK_DECISION(view, PGRAFT_STAY, 0, 0);
	view.raft_known = true;
	view.member = false;
	view.current_term = 0;
	CHECK_DECISION(view, PGRAFT_STAY, 0, 0);
}

TEST(a_server_that_is_a_member_of_no_group_streams_from_nobody)
{
	PgraftView view = follower(2, 5);

	after_first_promotion();
	view.raft_known = false;
	CHECK_WAITS(view);
	view.in_recovery = false;
	view.promoting_term = 5;
	CHECK_DECISION(view, PGRAFT_FENCE, 2, 5);
}

TEST(before_the_first_record_a_group_without_node_1_has_its_leader_promote)
{
	PgraftView view = leader(2, 1);

	pgraft_state_init(&state);
	view.voters = voters + 1;
	view.n_voters = 2;
	CHECK_DECISION(view, PGRAFT_COMMIT_INTENT, 2, 1);
}

TEST(S1_a_leader_waits_until_its_barrier_is_applied)
{
	PgraftView view = leader(1, 2);

	after_first_promotion();
	view.barrier_applied = false;
	CHECK_WAITS(view);
}

TEST(S3_a_leader_waits_for_the_reports_of_a_majority)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[0].report.term = 1;
	voters[2].report.term = 0;
	CHECK_WAITS(view);
	voters[2].report.term = 2;
	CHECK_DECISION(view, PGRAFT_COMMIT_INTENT, 2, 2);
}

TEST(R6_a_leader_without_a_report_of_its_own_does_not_promote)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[1].report.term = 1;
	CHECK(pgraft_decide(&view).action != PGRAFT_COMMIT_INTENT);
}

TEST(R6_a_leader_hands_over_to_a_reachable_server_that_is_ahead)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[1].report.end_lsn = 0x4fff;
	voters[0].report.end_lsn = 0x6000;
	CHECK_DECISION(view, PGRAFT_HAND_OVER, 1, 2);
	voters[0].reachable = false;
	CHECK_DECISION(view, PGRAFT_HAND_OVER, 3, 2);
}

TEST(R6_a_majority_that_does_not_need_the_one_ahead_is_enough)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[0].report.end_lsn = 0x6000;
	CHECK_DECISION(view, PGRAFT_COMMIT_INTENT, 2, 2);
}

TEST(R3_a_witness_counts_and_is_never_promoted_nor_handed_to)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[0].report.term = 0;
	voters[2].report.witness = true;
	CHECK_DECISION(view, PGRAFT_COMMIT_INTENT, 2, 2);
	voters[2].report.end_lsn = 0x6000;
	CHECK_WAITS(view);
	voters[1].report.witness = true;
	voters[0].report.term = 2;
	CHECK_DECISION(view, PGRAFT_HAND_OVER, 1, 2);
}

TEST(R1_who_was_promoted_by_hand_is_never_promoted_nor_handed_to)
{
	PgraftView view = leader(2, 2);

	after_first_promotion();
	voters[1].report.links[0] = link_of(0, 2, 3, 2, 0x5000);
	voters[1].report.n_links = 1;
	voters[1].report.end_lsn = 0x5001;
	CHECK_DECISION(view, PGRAFT_HAND_OVER, 1, 2);
	voters[0].reachable = voters[2].reachable = false;
	CHECK_WAITS(view);
}

TEST(a_leader_promotes_once_its_intent_is_committed_and_one_term_is_good_for_one_promotion)
{
	after_first_promotion();
	CHECK_WAITS(leader(1, 1));
	CHECK(apply_intent(&state, 2, 2));
	CHECK_DECISION(leader(2, 2), PGRAFT_PROMOTE, 2, 2);
	CHECK_WAITS(leader(1, 2));
	CHECK_DECISION(leader(1, 3), PGRAFT_COMMIT_INTENT, 1, 3);
}

TEST(a_promotion_that_was_asked_for_is_awaited_and_fenced_when_the_term_is_over)
{
	after_first_promotion();
	CHECK(apply_intent(&state, 2, 2));
	CHECK_DECISION(promoting(leader(2, 2), 2, true), PGRAFT_AWAIT_PROMOTION, 2, 2);
	CHECK_DECISION(promoting(leader(2, 3), 2, true), PGRAFT_FENCE, 2, 3);
	CHECK_DECISION(promoting(follower(2, 2), 2, true), PGRAFT_FENCE, 2, 2);
}

TEST(a_promoted_leader_commits_its_record_and_then_serves)
{
	after_first_promotion();
	CHECK(apply_intent(&state, 2, 2));
	CHECK_DECISION(promoting(leader(2, 2), 2, false), PGRAFT_COMMIT_RECORD, 2, 2);
	CHECK(apply_promotion(&state, 3, 3, 3));
	CHECK_DECISION(promoting(leader(3, 3), 3, false), PGRAFT_SERVE, 3, 3);
}

TEST(R17_a_primary_that_does_not_lead_the_term_of_its_promotion_is_fenced)
{
	PgraftView view = promoting(leader(1, 1), 1, false);

	after_first_promotion();
	CHECK_DECISION(view, PGRAFT_SERVE, 1, 1);
	view.lease_lost = true;
	CHECK_DECISION(view, PGRAFT_FENCE, 1, 1);
	CHECK_DECISION(promoting(follower(1, 1), 1, false), PGRAFT_FENCE, 1, 1);
	CHECK_DECISION(promoting(leader(1, 2), 1, false), PGRAFT_FENCE, 1, 2);
}

TEST(R17_a_server_that_was_promoted_by_hand_is_discarded)
{
	after_first_promotion();
	CHECK_DECISION(promoting(leader(1, 1), 0, false), PGRAFT_DISCARD, 1, 0);
	CHECK_DECISION(promoting(follower(2, 1), 0, false), PGRAFT_DISCARD, 2, 0);
}

TEST(R7_a_standby_follows_only_the_record_of_the_current_term)
{
	after_first_promotion();
	CHECK_DECISION(follower(2, 1), PGRAFT_FOLLOW, 1, 1);
	CHECK_WAITS(follower(2, 2));
	CHECK(apply_intent(&state, 2, 3));
	CHECK_WAITS(follower(2, 2));
	CHECK_WAITS(follower(1, 1));
}

TEST(R7_data_that_does_not_fit_rejoins_unless_it_streams_already)
{
	PgraftView view = follower(2, 1);

	after_first_promotion();
	view.fit = PGRAFT_FIT_REWIND;
	CHECK_DECISION(view, PGRAFT_REJOIN, 1, 1);
	view.following_term = 1;
	CHECK_DECISION(view, PGRAFT_FOLLOW, 1, 1);
}
