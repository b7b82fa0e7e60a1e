/*
 * candidacy_test.c
 *	  How long a candidate waits before it stands again, with a clock of the test's own.
 */
#include "core/candidacy.h"

#include "check.h"

#define TIMEOUT 1000
#define STOOD	10000

TEST(who_does_not_stand_waits_the_whole_timeout)
{
	PgraftCandidacy c = {0};

	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD), TIMEOUT);
	pgraft_candidacy_turn(&c, false, STOOD);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD), TIMEOUT);
}

TEST(a_candidate_stands_again_after_a_part_of_it)
{
	PgraftCandidacy c = {0};

	pgraft_candidacy_turn(&c, true, STOOD);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD), TIMEOUT / 4);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD + TIMEOUT - 1), TIMEOUT / 4);
}

TEST(one_that_has_stood_for_as_long_as_the_timeout_waits_for_all_of_it)
{
	PgraftCandidacy c = {0};

	for (int64_t now = STOOD; now < STOOD + TIMEOUT; now += 10)
		pgraft_candidacy_turn(&c, true, now);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD + TIMEOUT), TIMEOUT);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD + 60 * TIMEOUT), TIMEOUT);
}

TEST(the_next_candidacy_begins_anew)
{
	PgraftCandidacy c = {0};

	pgraft_candidacy_turn(&c, true, STOOD);
	pgraft_candidacy_turn(&c, false, STOOD + 60 * TIMEOUT);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD + 60 * TIMEOUT), TIMEOUT);
	pgraft_candidacy_turn(&c, true, STOOD + 61 * TIMEOUT);
	CHECK_INT(pgraft_candidacy_timeout(&c, TIMEOUT, STOOD + 61 * TIMEOUT), TIMEOUT / 4);
}
