/*
 * lease_test.c
 *	  Times of answers -> lease.
 */
#include "core/lease.h"

#include "check.h"
#include "fixtures.h"

#define TIMEOUT 1000

TEST(a_single_voter_renews_its_lease_with_its_own_clock)
{
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000}, 1, TIMEOUT), 6000);
}

TEST(without_an_answer_of_a_majority_there_is_no_lease)
{
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 0}, 2, TIMEOUT), 0);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 0, 0}, 3, TIMEOUT), 0);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 0, 4900, 0}, 4, TIMEOUT), 0);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 0, 4900, 0, 0}, 5, TIMEOUT), 0);
	CHECK_INT(pgraft_lease_until(NULL, 0, TIMEOUT), 0);
}

TEST(it_counts_from_the_newest_beat_that_a_majority_has_answered)
{
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 4700}, 2, TIMEOUT), 5700);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 4900, 4100}, 3, TIMEOUT), 5900);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 0, 4100}, 3, TIMEOUT), 5100);
	CHECK_INT(pgraft_lease_until((const int64_t[]){4900, 4900, 5000}, 3, TIMEOUT), 5900);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 4800, 4700, 4600}, 4, TIMEOUT), 5700);
	CHECK_INT(pgraft_lease_until((const int64_t[]){5000, 4800, 4700, 4600, 4500}, 5, TIMEOUT), 5700);
}

TEST(a_leader_that_is_no_voter_needs_a_majority_of_the_others)
{
	CHECK_INT(pgraft_lease_until((const int64_t[]){4800, 0}, 2, TIMEOUT), 0);
	CHECK_INT(pgraft_lease_until((const int64_t[]){4800, 4600}, 2, TIMEOUT), 5600);
}

TEST(whatever_the_times_a_majority_has_answered_a_beat_as_new_and_none_newer)
{
	uint64_t seed = 15;

	for (int round = 0; round < 20000; round++)
	{
		int n = 1 + (int) (next_random(&seed) % PGRAFT_MAX_NODES);
		int64_t answered[PGRAFT_MAX_NODES];
		int64_t begin;
		int as_new = 0;
		int newer = 0;

		for (int i = 0; i < n; i++)
			answered[i] = (int64_t) (next_random(&seed) % 8);
		begin = pgraft_lease_until(answered, n, TIMEOUT) - TIMEOUT;
		if (begin == -TIMEOUT)
			begin = 0;
		for (int i = 0; i < n; i++)
		{
			as_new += answered[i] >= begin;
			newer += answered[i] > begin;
		}
		CHECK(as_new > n / 2);
		CHECK(newer <= n / 2);
	}
}
