/*
 * state_machine_test.c
 *	  What the committed log makes of the replicated state, entry by entry.
 */
#include "core/state_machine.h"

#include "applied_state.h"

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
	char name[PGRAFT_VALUE_SIZE] = "";

	pgraft_state_init(&state);
	for (int shift = 0; shift < 3; shift++)
	{
		memset(name, 'x', (size_t) shift);
		for (size_t i = (size_t) shift; i + 3 < sizeof(name); i += 3)
			strcpy(name + i, "\xe2\x82\xac"); /* a euro sign, three bytes */
		CHECK(apply_config(&state, "cluster_name", name));
		CHECK_TEXT(state.cluster_name, name);
		CHECK_INT((strlen(last_event()->detail) - strlen("cluster_name = \"") - (size_t) shift) % 3, 0);
		CHECK(strlen(last_event()->detail) >= PGRAFT_DETAIL_SIZE - 3);
	}
}

TEST(a_detail_of_exactly_the_fields_size_loses_its_last_character)
{
	char name[112]; /* with the text around it, one more than fits */

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	pgraft_state_init(&state);
	CHECK(apply_config(&state, "cluster_name", name));
	CHECK_INT(strlen("cluster_name = \"\"") + strlen(name), PGRAFT_DETAIL_SIZE);
	CHECK(memchr(last_event()->detail, 0, PGRAFT_DETAIL_SIZE) == &last_event()->detail[PGRAFT_DETAIL_SIZE - 1]);
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
	CHECK(pgraft_state_member(&state, 0) == NULL);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_MEMBER_CHANGED);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_TEXT(last_event()->detail, "node 2 is other, PostgreSQL port 5432");
}

TEST(the_tenth_member_is_refused_and_a_known_one_is_still_replaced)
{
	char name[] = "node0";

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

TEST(an_entry_of_an_unknown_type_or_of_no_node_is_refused)
{
	PgraftEntry entry = entry_of((PgraftEntryType) 99, 1, 1);

	pgraft_state_init(&state);
	CHECK_REFUSED(pgraft_state_apply(&state, &entry));
	entry = entry_of(PGRAFT_ENTRY_LEADER, 1, 0);
	CHECK_REFUSED(pgraft_state_apply(&state, &entry));
}

TEST(the_groups_id_is_set_once_and_is_no_event)
{
	pgraft_state_init(&state);
	CHECK_REFUSED(apply_config(&state, "group_id", ""));
	CHECK_REFUSED(apply_config(&state, "group_id", "0123"));
	CHECK_REFUSED(apply_config(&state, "group_id", "0123456789abcdef0123456789abcdeg"));
	CHECK(apply_config(&state, "group_id", INCARNATION_A));
	CHECK_TEXT(state.group_id, INCARNATION_A);
	CHECK_INT(state.n_events, 0);
	CHECK_REFUSED(apply_config(&state, "group_id", INCARNATION_B));
	CHECK_REFUSED(apply_config(&state, "group_id", INCARNATION_A));
}

TEST(an_event_is_kept_as_it_was_told_whatever_its_type)
{
	PgraftEntry entry = entry_of(PGRAFT_ENTRY_EVENT, 7, 2);

	pgraft_state_init(&state);
	CHECK_REFUSED(pgraft_state_apply(&state, &entry));
	entry.u.event.type = PGRAFT_EVENT_FENCED;
	strcpy(entry.u.event.detail, "node 2 stops");
	CHECK(pgraft_state_apply(&state, &entry));
	CHECK_INT(last_event()->type, PGRAFT_EVENT_FENCED);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_INT(last_event()->term, 7);
	CHECK_INT(last_event()->at_ms, 1700000000123);
	CHECK_TEXT(last_event()->detail, "node 2 stops");
	entry.u.event.type = 4711;
	CHECK(pgraft_state_apply(&state, &entry));
	CHECK_INT(last_event()->type, 4711);
	entry.node_id = 0;
	CHECK_REFUSED(pgraft_state_apply(&state, &entry));
}

TEST(a_removed_member_leaves_no_trace_and_the_others_stay)
{
	static PgraftMember none;

	pgraft_state_init(&state);
	CHECK(apply_member(&state, 1, "primary", INCARNATION_A));
	CHECK(apply_member(&state, 2, "replica1", INCARNATION_B));
	CHECK(apply_member(&state, 3, "replica2", INCARNATION_A));
	CHECK_REFUSED(apply_removed(&state, 4));
	CHECK(apply_removed(&state, 2));
	CHECK_INT(state.n_members, 2);
	CHECK(pgraft_state_member(&state, 2) == NULL);
	CHECK_TEXT(pgraft_state_member(&state, 1)->name, "primary");
	CHECK_TEXT(pgraft_state_member(&state, 3)->name, "replica2");
	CHECK_BYTES(&state.members[2], &none, sizeof(none));
	CHECK_INT(last_event()->type, PGRAFT_EVENT_MEMBER_REMOVED);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_TEXT(last_event()->detail, "node 2, replica1, is no member any more");
	CHECK_REFUSED(apply_removed(&state, 2));
	CHECK(apply_member(&state, 2, "replica1", INCARNATION_A));
	CHECK_TEXT(pgraft_state_member(&state, 2)->incarnation, INCARNATION_A);
}

TEST(a_transfer_names_the_successor_until_the_next_record_or_its_removal)
{
	pgraft_state_init(&state);
	CHECK_REFUSED(apply_transfer(&state, 0));
	CHECK(apply_transfer(&state, 2));
	CHECK_INT(state.successor, 2);
	CHECK_INT(last_event()->type, PGRAFT_EVENT_TRANSFER);
	CHECK_INT(last_event()->node_id, 2);
	CHECK_TEXT(last_event()->detail, "leadership was asked to go to node 2");
	CHECK(apply_intent(&state, 5, 2));
	CHECK_INT(state.successor, 2);
	CHECK(apply_promotion(&state, 6, 2, 2));
	CHECK_INT(state.successor, 0);
	CHECK(apply_member(&state, 2, "replica1", ""));
	CHECK(apply_member(&state, 3, "replica2", ""));
	CHECK(apply_transfer(&state, 3));
	CHECK(apply_removed(&state, 2));
	CHECK_INT(state.successor, 3);
	CHECK(apply_removed(&state, 3));
	CHECK_INT(state.successor, 0);
}

/* One small random entry; terms and ids from small ranges, so that they meet. */
static PgraftEntry
random_entry(uint64_t *seed)
{
	static const char *const texts[] = {"cluster_name", "failover_enabled", "true", "false", "primary", "",
										"group_id",		INCARNATION_A};
	PgraftEntry entry = entry_of((PgraftEntryType) (1 + next_random(seed) % 9), next_random(seed) % 700,
								 (int32_t) (next_random(seed) % 12));

	if (entry.type == PGRAFT_ENTRY_CONFIG)
	{
		strcpy(entry.u.config.key, texts[next_random(seed) % 8]);
		strcpy(entry.u.config.value, texts[next_random(seed) % 8]);
	}
	else if (entry.type == PGRAFT_ENTRY_MEMBER)
		strcpy(entry.u.member.name, texts[next_random(seed) % 8]);
	else if (entry.type == PGRAFT_ENTRY_EVENT)
		entry.u.event.type = (int32_t) (next_random(seed) % 20);
	else if (entry.type == PGRAFT_ENTRY_RECORD || entry.type == PGRAFT_ENTRY_RECOVERED)
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
	uint64_t seed = 3;
	int n_applied = 0;

	pgraft_state_init(&state);
	memset(&before, 0xaa, sizeof(before));
	pgraft_state_init(&before);
	for (int i = 0; i < 20000; i++)
	{
		PgraftEntry entry = random_entry(&seed);
		bool applied = pgraft_state_apply(&state, &entry);

		CHECK_INT(pgraft_state_apply(&before, &entry), applied);
		n_applied += applied;
	}
	CHECK(n_applied > 1000);
	CHECK_BYTES(&state, &before, sizeof(state));
	CHECK(pgraft_snapshot_encode(&state, snapshot, sizeof(snapshot)) > 0);
}
