/*
 * state_machine_test.c
 *	  What the committed log makes of the replicated state, entry by entry.
 */
#include "core/state_machine.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static PgraftState before;

static const PgraftEvent *
last_event(void)
{
	return &state.events[state.n_events - 1];
}

/* Apply something that must be refused, and leave no trace. */
#define CHECK_REFUSED(apply) \
	do { \
		before = state; \
		CHECK(!(apply)); \
		CHECK_BYTES(&state, &before, sizeof(state)); \
	} while (0)

TEST(a_new_state_has_failover_enabled_and_nothing_else)
{
	memset(&state, 0xaa, sizeof(state));
	pgraft_state_init(&state);
	CHECK(state.failover_enabled);
	CHECK_TEXT(state.cluster_name, "");
	CHECK_INT(state.n_members + state.n_promotions + state.n_events, 0);
	CHECK(pgraft_state_last_record(&state) == NULL);
	CHECK(pgraft_state_pending_intent(&state) == NULL);
}

TEST(a_config_entry_sets_the_name_of_the_cluster)
{
	pgraft_state_init(&state);
	CHECK(apply_config(&state, "cluster_name", "production \xc3\xa9"));
	CHECK_TEXT(state.cluster_name, "production \xc3\xa9");
	CHECK_INT(last_event()->type, PGRAFT_EVENT_CONFIG_CHANGED);
	CHECK_TEXT(last_event()->detail, "cluster_name = \"production \xc3\xa9\"");
	CHECK(apply_config(&state, "cluster_name", ""));
	CHECK_TEXT(state.cluster_name, "");
}

TEST(a_config_entry_turns_failover_off_and_on)
{
	pgraft_state_init(&state);
	CHECK(apply_config(&state, "failover_enabled", "false"));
	CHECK(!state.failover_enabled);
	CHECK(apply_config(&state, "failover_enabled", "true"));
	CHECK(state.failover_enabled);
	CHECK_INT(state.n_events, 2);
}

TEST(an_unknown_key_and_a_value_that_is_no_boolean_are_refused)
{
	pgraft_state_init(&state);
	CHECK_REFUSED(apply_config(&state, "no_such_key", "1"));
	CHECK_REFUSED(apply_config(&state, "", ""));
	CHECK_REFUSED(apply_config(&state, "failover_enabled", "off"));
	CHECK_REFUSED(apply_config(&state, "failover_enabled", "TRUE"));
	CHECK_REFUSED(apply_config(&state, "failover_enabled", ""));
}

TEST(a_long_detail_is_cut_between_characters)
{
	char		name[PGRAFT_VALUE_SIZE] = "";

	pgraft_state_init(&state);
	for (int shift = 0; shift < 3; shift++)
	{
		memset(name, 'x', (size_t) shift);
		for (size_t i = (size_t) shift; i + 3 < sizeof(name); i += 3)
			strcpy(name + i, "\xe2\x82\xac");	/* a euro sign, three bytes */
		CHECK(apply_config(&state, "cluster_name", name));
		CHECK_TEXT(state.cluster_name, name);
		CHECK_INT((strlen(last_event()->detail) - strlen("cluster_name = \"") - (size_t) shift) % 3, 0);
		CHECK(strlen(last_event()->detail) >= PGRAFT_DETAIL_SIZE - 3);
	}
}

TEST(a_member_entry_adds_a_member_and_replaces_it_by_its_id)
{
	pgraft_state_init(&state);
	CHECK(apply_member(&state, 2, "replica1", ""));
	CHECK(apply_member(&state, 1, "primary", INCARNATION_A));
	CHECK(apply_member(&state, 2, "other", INCARNATION_B));
	CHECK_INT(state.n_members, 2);
	CHECK_TEXT(pgraft_state_member(&state, 2)->name, "other");
	CHECK_TEXT(pgraft_state_member(&state, 2)->incarnation, INCARNATION_B);
	CHECK_INT(pgraft_state_member(&state, 1)->postgres_port, 5432);
	CHECK(pgraft_state_member(&state, 3) == NULL);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_MEMBER_CHANGED);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_TEXT(last_event()->detail, "node 2 is other, PostgreSQL port 5432");
}

TEST(the_tenth_member_is_refused_and_a_known_one_is_still_replaced)
{
	char		name[] = "node0";

	pgraft_state_init(&state);
	for (int32_t id = 1; id <= PGRAFT_MAX_NODES; id++)
	{
		name[4] = (char) ('0' + id);
		CHECK(apply_member(&state, id, name, ""));
	}
	CHECK_REFUSED(apply_member(&state, 10, "node10", ""));
	CHECK(apply_member(&state, 9, "last", INCARNATION_A));
	CHECK_INT(state.n_members, PGRAFT_MAX_NODES);
}

TEST(a_member_whose_name_or_incarnation_could_not_stand_in_a_setting_is_refused)
{
	pgraft_state_init(&state);
	CHECK_REFUSED(apply_member(&state, 1, "", ""));
	CHECK_REFUSED(apply_member(&state, 1, "a\", *", ""));
	CHECK_REFUSED(apply_member(&state, 1, "2replica", ""));
	CHECK_REFUSED(apply_member(&state, 1, "primary", "0123"));
	CHECK_REFUSED(apply_member(&state, 1, "primary", "0123456789abcdef0123456789abcdeg"));
	CHECK_REFUSED(apply_member(&state, 0, "primary", ""));
}

TEST(an_intent_is_pending_until_its_record)
{
	PgraftPromotion link = link_of(1, 1, 2, 1, 0x3000148);

	pgraft_state_init(&state);
	CHECK(apply_intent(&state, 1, 1));
	CHECK_INT(pgraft_state_pending_intent(&state)->term, 1);
	CHECK(pgraft_state_last_record(&state) == NULL);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_PROMOTION_STARTED);
	CHECK_TEXT(last_event()->detail, "node 1 is going to promote for term 1");
	CHECK(apply_record(&state, &link, 1));
	CHECK(pgraft_state_pending_intent(&state) == NULL);
	CHECK_INT(pgraft_state_last_record(&state)->timeline, 2);
	CHECK_INT(pgraft_state_last_record(&state)->fork_lsn, 0x3000148);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_PROMOTED);
	CHECK_TEXT(last_event()->detail, "node 1 is the primary on timeline 2, which leaves timeline 1 at 0/3000148");
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
	PgraftPromotion history[] = {
		link_of(1, 1, 2, 1, 0x100), link_of(2, 1, 3, 2, 0x200), link_of(4, 1, 4, 3, 0x300)
	};

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
	PgraftPromotion history[] = {
		link_of(1, 1, 2, 1, 0x999), link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 4, 3, 0x300)
	};

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
		{link_of(3, 1, 3, 2, 0x200), good},		/* the same term twice */
		{link_of(2, 1, 4, 2, 0x200), good},		/* the same timeline twice */
		{link_of(2, 1, 5, 2, 0x200), good},		/* timelines descend */
		{link_of(2, 1, 3, 3, 0x200), good},		/* leaves itself */
		{link_of(2, 1, 3, 0, 0x200), good},		/* leaves nothing */
		{link_of(0, 1, 3, 2, 0x200), good},		/* of no term */
		{link_of(2, 0, 3, 2, 0x200), good},		/* of no node */
		{link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 0, 0, 0)},	/* not promoted */
		{link_of(2, 1, 3, 2, 0x200), link_of(3, 1, 4, 4, 0x300)},	/* leaves itself */
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

TEST(the_129th_event_drops_the_oldest)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_LEADER, 0, 1);

	pgraft_state_init(&state);
	for (entry.term = 1; entry.term <= PGRAFT_MAX_EVENTS + 1; entry.term++)
		CHECK(pgraft_state_apply(&state, &entry));
	CHECK_INT(state.n_events, PGRAFT_MAX_EVENTS);
	CHECK_INT(state.events[0].term, 2);
	CHECK_INT(last_event()->term, PGRAFT_MAX_EVENTS + 1);
}

TEST(a_leader_entry_is_an_event_with_the_proposers_clock)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_LEADER, 7, 3);

	pgraft_state_init(&state);
	CHECK(pgraft_state_apply(&state, &entry));
	CHECK_INT(state.n_events, 1);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_LEADER_ELECTED);
	CHECK_INT(last_event()->at_ms, 1700000000123);
	CHECK_INT(last_event()->term, 7);
	CHECK_INT(last_event()->node_id, 3);
	CHECK_TEXT(last_event()->detail, "node 3 leads in term 7");
}

TEST(an_entry_of_an_unknown_type_is_refused)
{
	PgraftEntry entry = entry_of((PgraftEntryType) 99, 1, 1);

	pgraft_state_init(&state);
	CHECK_REFUSED(pgraft_state_apply(&state, &entry));
}

/* One small random entry; terms and ids from small ranges, so that they meet. */
static PgraftEntry
random_entry(uint64_t *seed)
{
	static const char *const texts[] = {"cluster_name", "failover_enabled", "true", "false", "primary", ""};
	PgraftEntry entry = entry_of((PgraftEntryType) (1 + next_random(seed) % 5), next_random(seed) % 700,
								 (int32_t) (next_random(seed) % 12));

	if (entry.type == PGRAFT_ENTRY_CONFIG)
	{
		strcpy(entry.u.config.key, texts[next_random(seed) % 6]);
		strcpy(entry.u.config.value, texts[next_random(seed) % 6]);
	}
	else if (entry.type == PGRAFT_ENTRY_MEMBER)
		strcpy(entry.u.member.name, texts[next_random(seed) % 6]);
	else if (entry.type == PGRAFT_ENTRY_RECORD)
	{
		entry.u.record.n_links = 1 + (int) (next_random(seed) % 3);
		for (int i = 0; i < entry.u.record.n_links; i++)
			entry.u.record.links[i] = link_of(entry.term + (uint64_t) (i + 1 - entry.u.record.n_links), entry.node_id,
											  (uint32_t) (next_random(seed) % 5 + (uint64_t) i),
											  (uint32_t) (next_random(seed) % 3), next_random(seed));
	}
	return entry;
}

TEST(any_log_gives_every_server_the_same_bytes_and_a_state_that_fits_a_snapshot)
{
	static uint8_t snapshot[128 * 1024];
	uint64_t	seed = 3;
	int			n_applied = 0;

	pgraft_state_init(&state);
	memset(&before, 0xaa, sizeof(before));
	pgraft_state_init(&before);
	for (int i = 0; i < 20000; i++)
	{
		PgraftEntry entry = random_entry(&seed);
		bool		applied = pgraft_state_apply(&state, &entry);

		CHECK_INT(pgraft_state_apply(&before, &entry), applied);
		n_applied += applied;
	}
	CHECK(n_applied > 1000);
	CHECK_BYTES(&state, &before, sizeof(state));
	CHECK(pgraft_snapshot_encode(&state, snapshot, sizeof(snapshot)) > 0);
}
