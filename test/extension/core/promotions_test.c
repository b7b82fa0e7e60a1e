/*
 * promotions_test.c
 *	  What intents and records make of the replicated state (safety.md R1).
 */
#include "core/state_machine.h"

#include "applied_state.h"

TEST(an_intent_is_pending_until_its_record)
{
	PgraftPromotion link = link_of(1, 1, 2, 1, UINT64_C(0x1603000148));

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_INT(pgraft_state_pending_intent(&state)->term, 1);
	CHECK(pgraft_state_last_record(&state) == NULL);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_PROMOTION_STARTED);
	CHECK_TEXT(last_event()->detail, "node 1 is going to promote for term 1");
	CHECK(apply_record(&state, &link, 1));
	CHECK(pgraft_state_pending_intent(&state) == NULL);
	CHECK_INT(pgraft_state_last_record(&state)->timeline, 2);
	CHECK_INT(pgraft_state_last_record(&state)->fork_lsn, INT64_C(0x1603000148));
	CHECK_INT(last_event()->type, PGRAFT_EVENT_PROMOTED);
	CHECK_TEXT(last_event()->detail, "node 1 is the primary on timeline 2, which leaves timeline 1 at 16/3000148");
}

TEST(an_intent_that_is_not_newer_than_every_known_one_is_refused)
{
	pgraft_state_init(&state);
	CHECK_REFUSED(apply_intent(&state, 0, 1));
	CHECK_REFUSED(apply_intent(&state, 1, 0));
	CHECK(apply_intent(&state, 5, 1));
	CHECK_REFUSED(apply_intent(&state, 5, 1));
	CHECK_REFUSED(apply_intent(&state, 5, 2));
	CHECK_REFUSED(apply_intent(&state, 4, 2));
	CHECK(apply_intent(&state, 6, 2));
	CHECK_INT(pgraft_state_pending_intent(&state)->node_id, 2);
}

TEST(a_record_without_its_intent_or_of_another_node_is_refused)
{
	PgraftPromotion mine = link_of(1, 1, 2, 1, 0x100);
	PgraftPromotion other = link_of(1, 2, 2, 1, 0x100);
	PgraftPromotion unknown = link_of(2, 1, 3, 2, 0x200);

	pgraft_state_init(&state);
	CHECK_REFUSED(apply_record(&state, &mine, 1));
	CHECK(apply_intent(&state, 1, 1));
	CHECK_REFUSED(apply_record(&state, &other, 1));
	CHECK_REFUSED(apply_record(&state, &unknown, 1));
	CHECK(apply_record(&state, &mine, 1));
}

TEST(a_record_is_written_once_and_never_older_than_the_newest)
{
	PgraftPromotion older = link_of(1, 1, 2, 1, 0x100);
	PgraftPromotion newer = link_of(2, 2, 2, 1, 0x100);

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK(apply_intent(&state, 2, 2));
	CHECK(apply_record(&state, &newer, 1));
	CHECK_REFUSED(apply_record(&state, &newer, 1));
	CHECK_REFUSED(apply_record(&state, &older, 1));
	CHECK_INT(pgraft_state_promotion(&state, 1)->timeline, 0);
}

TEST(a_record_fills_in_earlier_promotions_that_crashed_before_theirs)
{
	PgraftPromotion history[] = {link_of(1, 1, 2, 1, 0x100), link_of(2, 1, 3, 2, 0x200), link_of(4, 1, 4, 3, 0x300)};

	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(apply_intent(&state, 2, 1));
	CHECK(apply_intent(&state, 3, 2));
	CHECK(apply_intent(&state, 4, 1));
	CHECK(apply_record(&state, history, 3));
	CHECK_INT(pgraft_state_promotion(&state, 2)->timeline, 3);
	CHECK_INT(pgraft_state_promotion(&state, 2)->parent, 2);
	CHECK_INT(pgraft_state_promotion(&state, 2)->fork_lsn, 0x200);
	CHECK_INT(pgraft_state_promotion(&state, 3)->timeline, 0);
	CHECK_INT(pgraft_state_last_record(&state)->term, 4);
}

TEST(links_beyond_the_number_of_links_do_not_count)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_RECORD, 1, 1);

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK(apply_intent(&state, 2, 1));
	entry.u.record.links[0] = link_of(1, 1, 2, 1, 0x100);
	entry.u.record.links[1] = link_of(2, 1, 3, 2, 0x200);
	for (int n = -1; n <= PGRAFT_MAX_PROMOTIONS + 1; n += n == 0 ? PGRAFT_MAX_PROMOTIONS + 1 : 1)
	{
		entry.u.record.n_links = n;
		CHECK_REFUSED(pgraft_state_apply(&state, &entry));
	}
	entry.u.record.n_links = 1;
	CHECK(pgraft_state_apply(&state, &entry));
	CHECK_INT(pgraft_state_promotion(&state, 2)->timeline, 0);
}

TEST(the_history_of_the_newest_record_is_kept_whole_and_alone)
{
	PgraftPromotion longer[] = {link_of(1, 1, 2, 1, 0x100), link_of(2, 1, 3, 2, 0x200)};
	PgraftPromotion shorter[] = {link_of(3, 2, 2, 1, 0x80)};

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 2, 1));
	CHECK(apply_record(&state, longer, 2));
	CHECK_INT(state.n_history, 2);
	CHECK_BYTES(state.history, longer, sizeof(longer));
	CHECK(apply_intent(&state, 3, 2));
	CHECK_INT(state.n_history, 2);
	CHECK(apply_record(&state, shorter, 1));
	CHECK_INT(state.n_history, 1);
	CHECK_BYTES(state.history, shorter, sizeof(shorter));
}

TEST(a_record_changes_no_earlier_record_and_no_intent_of_another_node)
{
	PgraftPromotion history[] = {link_of(1, 1, 2, 1, 0x999), link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 4, 3, 0x300)};

	pgraft_state_init(&state);
	CHECK(apply_promotion(&state, 1, 1, 2));
	CHECK(apply_intent(&state, 2, 2));
	CHECK(apply_intent(&state, 3, 1));
	CHECK(apply_record(&state, history, 3));
	CHECK_INT(pgraft_state_promotion(&state, 1)->fork_lsn, 0x2000);
	CHECK_INT(pgraft_state_promotion(&state, 2)->timeline, 0);
}

TEST(a_record_whose_history_is_impossible_is_refused_whole)
{
	PgraftPromotion good = link_of(3, 1, 4, 3, 0x300);
	PgraftPromotion bad[][2] = {
		{link_of(3, 1, 3, 2, 0x200), good},						  /* the same term twice */
		{link_of(2, 1, 4, 2, 0x200), good},						  /* the same timeline twice */
		{link_of(2, 1, 5, 2, 0x200), good},						  /* timelines descend */
		{link_of(2, 1, 3, 3, 0x200), good},						  /* leaves itself */
		{link_of(2, 1, 3, 0, 0x200), good},						  /* leaves nothing */
		{link_of(0, 1, 3, 2, 0x200), good},						  /* of no term */
		{link_of(2, 0, 3, 2, 0x200), good},						  /* of no node */
		{link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 0, 0, 0)},	  /* not promoted */
		{link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 4, 4, 0x300)}, /* leaves itself */
	};
	PgraftEntry other_last = entry_of(PGRAFT_ENTRY_RECORD, 3, 1);

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 2, 1));
	CHECK(apply_intent(&state, 3, 1));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_REFUSED(apply_record(&state, bad[i], 2));
	CHECK_REFUSED(pgraft_state_apply(&state, &other_last));
	other_last.u.record.n_links = 1;
	other_last.u.record.links[0] = link_of(2, 1, 3, 2, 0x200);
	CHECK_REFUSED(pgraft_state_apply(&state, &other_last));
	CHECK(apply_record(&state, &good, 1));
}

TEST(the_513th_promotion_drops_the_oldest)
{
	pgraft_state_init(&state);
	for (uint64_t term = 1; term <= PGRAFT_MAX_PROMOTIONS; term++)
		CHECK(apply_intent(&state, term, 1));
	CHECK_INT(state.promotions[0].term, 1);
	CHECK(apply_intent(&state, PGRAFT_MAX_PROMOTIONS + 1, 2));
	CHECK_INT(state.n_promotions, PGRAFT_MAX_PROMOTIONS);
	CHECK_INT(state.promotions[0].term, 2);
	CHECK_INT(state.promotions[PGRAFT_MAX_PROMOTIONS - 1].term, PGRAFT_MAX_PROMOTIONS + 1);
	CHECK(pgraft_state_promotion(&state, 1) == NULL);
}

static bool
apply_recovered(const PgraftPromotion *links, int n)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_RECOVERED, 9, 2);

	entry.u.record.n_links = n;
	memcpy(entry.u.record.links, links, (size_t) (n < 0 ? 0 : n) * sizeof(*links));
	return pgraft_state_apply(&state, &entry);
}

TEST(a_recovered_group_goes_on_from_the_history_of_the_data_that_it_was_formed_from)
{
	PgraftPromotion links[] = {link_of(1, 1, 2, 1, 0x100), link_of(4, 2, 3, 2, 0x200)};

	pgraft_state_init(&state);
	CHECK(apply_recovered(links, 2));
	CHECK_INT(pgraft_state_last_record(&state)->term, 4);
	CHECK_INT(state.n_promotions, 2);
	CHECK_INT(state.n_history, 2);
	CHECK_BYTES(state.promotions, links, sizeof(links));
	CHECK_BYTES(state.history, links, sizeof(links));
	CHECK_INT(last_event()->type, PGRAFT_EVENT_RECOVERED);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_TEXT(last_event()->detail, "node 2 has formed a new group from its own data");
	CHECK_REFUSED(apply_recovered(links, 2));
	CHECK_REFUSED(apply_intent(&state, 4, 2));
	CHECK(apply_intent(&state, 9, 2));
}

TEST(a_recovery_is_refused_once_there_are_promotions_or_with_an_impossible_history)
{
	PgraftPromotion good = link_of(1, 1, 2, 1, 0x100);
	PgraftPromotion bad = link_of(1, 1, 2, 2, 0x100);

	pgraft_state_init(&state);
	CHECK_REFUSED(apply_recovered(&bad, 1));
	CHECK_REFUSED(apply_recovered(&good, -1));
	CHECK(apply_intent(&state, 1, 1));
	CHECK_REFUSED(apply_recovered(&good, 1));
	pgraft_state_init(&state);
	CHECK(apply_recovered(&good, 0));
	CHECK(pgraft_state_last_record(&state) == NULL);
}
