/*
 * position_test.c
 *	  Whose data is ahead, and how a history fits the primary's (safety.md R1-R3).
 */
#include "core/position.h"

#include "check.h"
#include "fixtures.h"

/* term, node, timeline, parent, fork */
static const PgraftPromotion primary[] = {{1, 1, 2, 1, 0x100}, {3, 2, 3, 2, 0x200}, {7, 1, 4, 3, 0x300}};
static PgraftState state;

static void
log_has_all(void)
{
	pgraft_state_init(&state);
	for (int i = 0; i < 3; i++)
		CHECK(apply_intent(&state, primary[i].term, primary[i].node_id));
	CHECK(apply_record(&state, primary, 3));
}

static PgraftReport
report_of(uint64_t end_lsn, const PgraftPromotion *links, int n)
{
	PgraftReport report = {.term = 8, .end_lsn = end_lsn, .n_links = n};

	memcpy(report.links, links, (size_t) n * sizeof(*links));
	return report;
}

static void
check_position(PgraftReport report, uint64_t term, uint64_t lsn)
{
	PgraftPosition position = {0};

	CHECK(pgraft_report_position(&report, &state, &position));
	CHECK_INT(position.term, term);
	CHECK_INT(position.lsn, lsn);
}

TEST(R1_positions_are_compared_by_term_then_by_LSN)
{
	CHECK(pgraft_position_compare((PgraftPosition){3, 0x200}, (PgraftPosition){2, 0x900}) > 0);
	CHECK(pgraft_position_compare((PgraftPosition){3, 0x200}, (PgraftPosition){3, 0x201}) < 0);
	CHECK_INT(pgraft_position_compare((PgraftPosition){3, 0x200}, (PgraftPosition){3, 0x200}), 0);
}

TEST(R1_the_newest_link_with_WAL_gives_the_term)
{
	log_has_all();
	check_position(report_of(0x400, primary, 3), 7, 0x400);
	check_position(report_of(0x250, primary, 2), 3, 0x250);
	check_position(report_of(0x80, primary, 0), 0, 0x80);
}

TEST(R1_a_link_that_the_WAL_does_not_reach_past_does_not_count)
{
	log_has_all();
	check_position(report_of(0x300, primary, 3), 3, 0x300);
	check_position(report_of(0x200, primary, 3), 1, 0x200);
}

TEST(R1_a_hand_made_link_counts_up_to_its_fork)
{
	PgraftPromotion links[] = {primary[0], link_of(5, 3, 3, 2, 0x180)};
	PgraftReport report = report_of(0x900, links, 2);

	log_has_all();
	check_position(report, 1, 0x180);
	CHECK(pgraft_report_by_hand(&report, &state));
	report.n_links = 1;
	CHECK(!pgraft_report_by_hand(&report, &state));
}

TEST(R1_the_same_term_on_another_node_or_timeline_is_hand_made)
{
	PgraftPromotion node[] = {link_of(1, 9, 2, 1, 0x100)};
	PgraftPromotion timeline[] = {link_of(1, 1, 5, 1, 0x100)};

	log_has_all();
	check_position(report_of(0x900, node, 1), 0, 0x100);
	check_position(report_of(0x900, timeline, 1), 0, 0x100);
}

TEST(R1_an_intent_without_record_counts_as_its_term)
{
	PgraftPromotion links[] = {primary[0], primary[1], primary[2], link_of(8, 3, 5, 4, 0x350)};

	log_has_all();
	CHECK(apply_intent(&state, 8, 3));
	check_position(report_of(0x351, links, 4), 8, 0x351);
}

TEST(R1_a_hand_made_link_is_not_taken_for_one_that_the_log_has_forgotten)
{
	PgraftPromotion by_hand[] = {link_of(0, 1, 2, 1, 0x100)};
	PgraftReport report = report_of(0x900, by_hand, 1);

	fill_state(&state);
	CHECK(pgraft_report_by_hand(&report, &state));
	check_position(report, 0, 0x100);
}

TEST(an_unknown_fork_and_links_that_all_count_for_nothing_cannot_be_told)
{
	PgraftPromotion unknown[] = {link_of(1, 1, 2, 1, 0)};
	PgraftPromotion many[PGRAFT_REPORT_LINKS];
	PgraftReport report = report_of(0x900, unknown, 1);
	PgraftPosition position;

	log_has_all();
	CHECK(!pgraft_report_position(&report, &state, &position));
	for (uint32_t i = 0; i < PGRAFT_REPORT_LINKS; i++)
		many[i] = link_of(20 + i, 1, 20 + i, 19 + i, 0x1000);
	report = report_of(0x800, many, PGRAFT_REPORT_LINKS);
	CHECK(!pgraft_report_position(&report, &state, &position));
}

#define FIT(chain, n, end) pgraft_history_fit(chain, n, end, primary, 3)

TEST(a_beginning_of_the_primarys_history_follows_up_to_the_next_fork)
{
	CHECK_INT(FIT(primary, 3, UINT64_MAX), PGRAFT_FIT_FOLLOW);
	CHECK_INT(FIT(primary, 2, 0x300), PGRAFT_FIT_FOLLOW);
	CHECK_INT(FIT(NULL, 0, 0x100), PGRAFT_FIT_FOLLOW);
	CHECK_INT(FIT(primary, 2, 0x301), PGRAFT_FIT_REWIND);
	CHECK_INT(FIT(NULL, 0, 0x101), PGRAFT_FIT_REWIND);
}

TEST(a_longer_history_than_the_primarys_is_rewound)
{
	CHECK_INT(pgraft_history_fit(primary, 3, 0x400, primary, 2), PGRAFT_FIT_REWIND);
}

TEST(R1_equal_timeline_numbers_of_different_terms_are_cloned)
{
	PgraftPromotion chain[] = {primary[0], link_of(2, 3, 3, 2, 0x200)};
	PgraftPromotion fork[] = {primary[0], link_of(3, 2, 3, 2, 0x201)};

	CHECK_INT(FIT(chain, 2, 0x250), PGRAFT_FIT_CLONE);
	CHECK_INT(FIT(fork, 2, 0x250), PGRAFT_FIT_CLONE);
}

TEST(a_next_link_that_leaves_another_timeline_is_cloned)
{
	PgraftPromotion other[] = {primary[0], link_of(3, 2, 3, 1, 0x200)};

	CHECK_INT(pgraft_history_fit(primary, 1, 0x150, other, 2), PGRAFT_FIT_CLONE);
}

TEST(links_without_WAL_are_not_in_use)
{
	CHECK_INT(pgraft_links_in_use(primary, 3, 0x301), 3);
	CHECK_INT(pgraft_links_in_use(primary, 3, 0x300), 2);
	CHECK_INT(pgraft_links_in_use(primary, 3, 0x150), 1);
	CHECK_INT(pgraft_links_in_use(primary, 3, 0x100), 0);
	CHECK_INT(pgraft_links_in_use(NULL, 0, 0x100), 0);
}
