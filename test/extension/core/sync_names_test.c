/*
 * sync_names_test.c
 *	  synchronous_standby_names from the committed membership (safety.md R10, R11).
 */
#include "core/sync_names.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static char names[1024];

static const int32_t voters[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void
nine_members(void)
{
	char name[] = "node1";

	pgraft_state_init(&state);
	for (int32_t id = 1; id <= 9; id++)
	{
		name[4] = (char) ('0' + id);
		apply_member(&state, id, name, id % 2 == 1 ? INCARNATION_A : INCARNATION_B);
	}
}

static void
check_names(int32_t self, const int32_t *ids, int n, const char *expected)
{
	CHECK_INT(pgraft_format_sync_names(&state, self, ids, n, names, sizeof(names)), strlen(expected));
	CHECK_TEXT(names, expected);
}

TEST(half_of_the_voters_rounded_down_confirm_beside_the_primary)
{
	static const int expected[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};

	for (int n = 1; n <= 9; n++)
	{
		CHECK_INT(pgraft_sync_count(n), expected[n]);
		CHECK(2 * (pgraft_sync_count(n) + 1) > n);
	}
}

TEST(one_voter_needs_nobody)
{
	nine_members();
	check_names(1, voters, 1, "");
}

TEST(two_to_nine_voters_are_named_with_their_incarnations)
{
	char expected[1024];
	int used;

	nine_members();
	check_names(1, voters, 2, "ANY 1 (\"node2_fedcba98\")");
	check_names(2, voters, 3, "ANY 1 (\"node1_01234567\", \"node3_01234567\")");
	for (int n = 2; n <= 9; n++)
	{
		used = snprintf(expected, sizeof(expected), "ANY %d (", n / 2);
		for (int id = 2; id <= n; id++)
			used += snprintf(expected + used, sizeof(expected) - (size_t) used, "%s\"node%d_%s\"", id == 2 ? "" : ", ",
							 id, id % 2 == 1 ? "01234567" : "fedcba98");
		(void) snprintf(expected + used, sizeof(expected) - (size_t) used, ")");
		check_names(1, voters, n, expected);
	}
}

TEST(an_unknown_member_is_named_so_that_no_connection_satisfies_it)
{
	nine_members();
	state.n_members = 2;
	check_names(1, voters, 3, "ANY 1 (\"node2_fedcba98\", \"3_unknown\")");
}

TEST(a_member_of_unknown_incarnation_is_named_so_that_no_connection_satisfies_it)
{
	pgraft_state_init(&state);
	apply_member(&state, 1, "primary", INCARNATION_A);
	apply_member(&state, 2, "replica1", "");
	check_names(1, voters, 2, "ANY 1 (\"2_unknown\")");
}

TEST(no_voters_at_all_is_a_setting_that_nobody_satisfies)
{
	nine_members();
	check_names(1, voters, 0, "ANY 1 (\"0_unknown\")");
}

TEST(a_primary_that_is_no_voter_needs_a_majority_of_the_others)
{
	nine_members();
	check_names(9, voters, 1, "ANY 1 (\"node1_01234567\")");
	check_names(9, voters, 2, "ANY 2 (\"node1_01234567\", \"node2_fedcba98\")");
	check_names(9, voters, 3, "ANY 2 (\"node1_01234567\", \"node2_fedcba98\", \"node3_01234567\")");
}

TEST(what_does_not_fit_is_an_error_and_never_a_shorter_list)
{
	int length;

	nine_members();
	length = pgraft_format_sync_names(&state, 1, voters, 9, names, sizeof(names));
	CHECK(length > 0);
	for (size_t size = 1; size <= (size_t) length; size++)
	{
		CHECK_INT(pgraft_format_sync_names(&state, 1, voters, 9, names, size), -1);
		CHECK_TEXT(names, "");
	}
	CHECK_INT(pgraft_format_sync_names(&state, 1, voters, 9, names, (size_t) length + 1), length);
	CHECK_INT(pgraft_format_sync_names(&state, 1, voters, 9, names, 0), -1);
}

TEST(the_application_name_of_the_longest_name_fits_postgresqls_63_bytes_with_its_incarnation)
{
	PgraftMember member = {.node_id = 4, .incarnation = INCARNATION_A};
	char name[100];

	memset(member.name, 'n', sizeof(member.name) - 1);
	pgraft_application_name(&member, name, sizeof(name));
	CHECK_INT(strlen(name), 63);
	CHECK_TEXT(name + 63 - 9, "_01234567");
	strcpy(member.name, "replica1");
	pgraft_application_name(&member, name, sizeof(name));
	CHECK_TEXT(name, "replica1_01234567");
}
