/*
 * policy_pause_test.c
 *	  Who promotes while failover is paused (safety.md R18).
 */
#include "core/policy.h"

#include "policy_view.h"

TEST(R18_while_failover_is_paused_only_the_last_primary_promotes)
{
	after_first_promotion();
	CHECK(apply_config(&state, "failover_enabled", "false"));
	CHECK_DECISION(leader(2, 2), PGRAFT_HAND_OVER, 1, 2);
	CHECK_DECISION(leader(1, 2), PGRAFT_COMMIT_INTENT, 1, 2);
	{
		PgraftView view = leader(2, 2);

		voters[0].reachable = false;
		CHECK_WAITS(view);
	}
}

TEST(R18_an_explicit_transfer_lets_its_target_promote_while_failover_is_paused)
{
	PgraftView view;

	after_first_promotion();
	CHECK(apply_config(&state, "failover_enabled", "false"));
	CHECK(apply_transfer(&state, 2));
	CHECK_DECISION(leader(2, 2), PGRAFT_COMMIT_INTENT, 2, 2);
	CHECK_DECISION(leader(3, 2), PGRAFT_HAND_OVER, 2, 2);
	CHECK(apply_promotion(&state, 2, 2, 3));
	CHECK_DECISION(leader(1, 3), PGRAFT_HAND_OVER, 2, 3);
	CHECK_DECISION(leader(3, 3), PGRAFT_HAND_OVER, 2, 3);
	view = leader(3, 3);
	voters[1].reachable = false;
	CHECK_WAITS(view);
}

TEST(R18_a_transfer_that_came_to_nothing_does_not_lock_the_last_primary_out)
{
	PgraftView view;

	after_first_promotion();
	CHECK(apply_config(&state, "failover_enabled", "false"));
	CHECK(apply_transfer(&state, 2));
	CHECK_DECISION(leader(1, 2), PGRAFT_COMMIT_INTENT, 1, 2);
	view = leader(3, 2);
	voters[1].reachable = false;
	CHECK_DECISION(view, PGRAFT_HAND_OVER, 1, 2);
}

TEST(R18_a_successor_that_is_no_voter_counts_for_nothing)
{
	after_first_promotion();
	CHECK(apply_config(&state, "failover_enabled", "false"));
	CHECK(apply_transfer(&state, 4));
	CHECK_DECISION(leader(2, 2), PGRAFT_HAND_OVER, 1, 2);
}

TEST(with_failover_enabled_a_successor_has_no_effect)
{
	after_first_promotion();
	CHECK(apply_transfer(&state, 2));
	CHECK_DECISION(leader(3, 2), PGRAFT_COMMIT_INTENT, 3, 2);
}
