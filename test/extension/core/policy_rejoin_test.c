/*
 * policy_rejoin_test.c
 *	  Who may stop to have its data rewound or cloned.
 */
#include "core/policy.h"

#include "check.h"
#include "fixtures.h"

static PgraftVoter voters[3];

static int32_t
grant(int n_voters, int32_t self, int32_t current)
{
	return pgraft_grant_rejoin(voters, n_voters, NULL, 0, self, current);
}

static void
three_reachable(void)
{
	memset(voters, 0, sizeof(voters));
	for (int i = 0; i < 3; i++)
		voters[i] = (PgraftVoter){.node_id = i + 1, .reachable = true};
}

TEST(one_server_at_a_time_may_stop_to_rejoin)
{
	three_reachable();
	CHECK_INT(grant(3, 1, 0), 0);
	voters[1].report.wants_rejoin = voters[2].report.wants_rejoin = true;
	CHECK_INT(grant(3, 1, 0), 2);
	CHECK_INT(grant(3, 1, 3), 3);
	voters[1].reachable = false; /* it has stopped */
	CHECK_INT(grant(3, 1, 2), 0);
	voters[1] = (PgraftVoter){.node_id = 2, .reachable = true}; /* and is back */
	CHECK_INT(grant(3, 1, 2), 3);
}

TEST(no_server_stops_to_rejoin_when_a_majority_would_not_be_left)
{
	three_reachable();
	voters[1].report.wants_rejoin = true;
	voters[2].reachable = false;
	CHECK_INT(grant(3, 1, 0), 0);
	CHECK_INT(grant(2, 1, 0), 0);
	voters[2].reachable = true;
	CHECK_INT(grant(3, 1, 0), 2);
}

TEST(a_spare_may_stop_to_rejoin_whatever_the_voters_do)
{
	PgraftVoter spares[] = {{.node_id = 4, .reachable = true}, {.node_id = 5, .reachable = true}};

	three_reachable();
	CHECK_INT(pgraft_grant_rejoin(voters, 3, spares, 2, 1, 0), 0);
	spares[0].report.wants_rejoin = spares[1].report.wants_rejoin = true;
	CHECK_INT(pgraft_grant_rejoin(voters, 1, spares, 2, 1, 0), 4);
	CHECK_INT(pgraft_grant_rejoin(voters, 1, spares, 2, 1, 5), 5);
	voters[1].report.wants_rejoin = true;
	CHECK_INT(pgraft_grant_rejoin(voters, 3, spares, 2, 1, 0), 4);
	CHECK_INT(pgraft_grant_rejoin(voters, 3, spares, 2, 1, 2), 2); /* it is about to stop: nobody else now */
	spares[0].reachable = false;
	CHECK_INT(pgraft_grant_rejoin(voters, 3, spares, 2, 1, 4), 5);
	spares[1].reachable = false;
	CHECK_INT(pgraft_grant_rejoin(voters, 3, spares, 2, 1, 5), 2);
}
