/*
 * chain_test.c
 *	  Which history is the beginning of which, and how far a server may have written to be behind (safety.md R1, S7).
 */
#include "core/policy.h"

#include "check.h"
#include "fixtures.h"

/* term, node, timeline, parent, fork */
static const PgraftPromotion primary[] = {{1, 1, 2, 1, 0x100}, {3, 2, 3, 2, 0x200}, {7, 1, 4, 3, 0x300}};

static bool
is_prefix(const PgraftPromotion *chain, int n)
{
	return pgraft_chain_is_prefix(chain, n, primary, 3);
}

static bool
is_behind(const PgraftPromotion *chain, int n, uint64_t end_lsn)
{
	return pgraft_chain_is_behind(chain, n, end_lsn, primary, 3);
}

TEST(every_beginning_of_a_chain_is_its_prefix_itself_included)
{
	for (int n = 0; n <= 3; n++)
		CHECK(is_prefix(primary, n));
	CHECK(pgraft_chain_is_prefix(NULL, 0, NULL, 0));
}

TEST(a_longer_chain_is_no_prefix)
{
	CHECK(!pgraft_chain_is_prefix(primary, 3, primary, 2));
	CHECK(!pgraft_chain_is_prefix(primary, 1, NULL, 0));
}

TEST(the_same_timeline_number_of_another_term_is_a_fork)
{
	PgraftPromotion chain[] = {primary[0], link_of(2, 3, 3, 2, 0x200)};

	CHECK(!is_prefix(chain, 2));
	CHECK(!is_behind(chain, 2, 0x200));
	CHECK(!is_prefix(&chain[1], 1));
}

TEST(the_same_term_with_another_timeline_parent_or_fork_is_a_fork)
{
	PgraftPromotion timeline[] = {primary[0], link_of(3, 2, 4, 2, 0x200)};
	PgraftPromotion parent[] = {primary[0], link_of(3, 2, 3, 1, 0x200)};
	PgraftPromotion fork[] = {primary[0], link_of(3, 2, 3, 2, 0x201)};

	CHECK(!is_prefix(timeline, 2));
	CHECK(!is_prefix(parent, 2));
	CHECK(!is_prefix(fork, 2));
}

TEST(an_unknown_fork_agrees_with_any)
{
	PgraftPromotion chain[] = {primary[0], link_of(3, 2, 3, 2, 0)};
	PgraftPromotion unknown[] = {link_of(1, 1, 2, 1, 0), primary[1], primary[2]};

	CHECK(is_prefix(chain, 2));
	CHECK(pgraft_chain_is_prefix(primary, 3, unknown, 3));
}

TEST(links_that_one_side_dropped_do_not_matter)
{
	CHECK(is_prefix(&primary[1], 2));
	CHECK(is_prefix(&primary[2], 1));
	CHECK(pgraft_chain_is_prefix(primary, 3, &primary[1], 2));
	CHECK(pgraft_chain_is_prefix(primary, 2, &primary[1], 2));
	CHECK(!pgraft_chain_is_prefix(primary, 1, &primary[1], 2));
}

TEST(different_links_before_the_first_common_one_are_a_fork)
{
	PgraftPromotion chain[] = {link_of(2, 3, 2, 1, 0x100), primary[1]};

	CHECK(!is_prefix(chain, 2));
}

TEST(a_link_that_is_missing_in_the_middle_is_a_fork)
{
	PgraftPromotion chain[] = {primary[0], primary[2]};

	CHECK(!is_prefix(chain, 2));
	CHECK(!pgraft_chain_is_prefix(primary, 3, chain, 2));
}

TEST(a_server_is_behind_up_to_the_fork_of_the_next_link_and_diverged_past_it)
{
	CHECK(is_behind(primary, 1, 0x1ff));
	CHECK(is_behind(primary, 1, 0x200));
	CHECK(!is_behind(primary, 1, 0x201));
	CHECK(is_behind(primary, 2, 0x300));
	CHECK(!is_behind(primary, 2, 0x301));
}

TEST(a_server_on_the_primarys_own_timeline_is_behind_wherever_it_ends)
{
	CHECK(is_behind(primary, 3, UINT64_MAX));
}

TEST(a_server_that_never_saw_a_promotion_is_behind_up_to_the_first_fork)
{
	CHECK(is_behind(NULL, 0, 0x100));
	CHECK(!is_behind(NULL, 0, 0x101));
	CHECK(pgraft_chain_is_behind(NULL, 0, UINT64_MAX, NULL, 0));
}

TEST(an_unknown_next_fork_proves_nothing)
{
	PgraftPromotion unknown[] = {primary[0], link_of(3, 2, 3, 2, 0)};

	CHECK(!pgraft_chain_is_behind(primary, 1, 0, unknown, 2));
}

TEST(a_next_link_that_left_another_timeline_proves_nothing)
{
	PgraftPromotion other[] = {primary[0], link_of(3, 2, 3, 1, 0x200)};

	CHECK(!pgraft_chain_is_behind(primary, 1, 0x50, other, 2));
}

TEST(an_empty_chain_is_not_proven_behind_a_primary_that_may_have_dropped_links)
{
	static PgraftPromotion many[PGRAFT_MAX_PROMOTIONS];

	for (uint32_t i = 0; i < PGRAFT_MAX_PROMOTIONS; i++)
		many[i] = link_of(i + 1, 1, i + 2, i + 1, 0x100 * (i + 1));
	CHECK(pgraft_chain_is_behind(NULL, 0, 0x100, many, PGRAFT_MAX_PROMOTIONS - 1));
	CHECK(!pgraft_chain_is_behind(NULL, 0, 0x100, many, PGRAFT_MAX_PROMOTIONS));
	CHECK(pgraft_chain_is_behind(many, 1, 0x200, many, PGRAFT_MAX_PROMOTIONS));
}

TEST(a_chain_that_is_no_prefix_is_never_behind)
{
	PgraftPromotion other[] = {link_of(2, 3, 2, 1, 0x80)};

	CHECK(!is_behind(other, 1, 0));
}
