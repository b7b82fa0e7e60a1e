/*
 * rejoin_file_test.c
 *	  The text of pgraft.data_dir/rejoin, which the role worker and the entry point (image/node/rejoin-file.sh) both write.
 */
#include "core/rejoin_file.h"

#include "check.h"
#include "fixtures.h"

static char text[4096];
static char err[300];
static PgraftRejoin rejoin;

static const char whole[] = "how rewind\n"
							"state requested\n"
							"data whole\n"
							"node 3\n"
							"host pgraft-replica2\n"
							"port 5432\n"
							"term 7\n"
							"until 16/ABC\n"
							"end 0/3000148\n"
							"link 2 1 0/2000100 1 1\n"
							"link 3 6 0/3000028 2 2\n";

static void
check_refused(const char *damaged, const char *message)
{
	strcpy(err, "nothing");
	CHECK(!pgraft_rejoin_parse(damaged, &rejoin, err, sizeof(err)));
	CHECK_TEXT(err, message);
}

/* The text without the line that begins with key. */
static const char *
without(const char *key)
{
	static char shorter[sizeof whole];
	const char *line = strstr(whole, key);
	const char *next = strchr(line, '\n') + 1;

	memcpy(shorter, whole, (size_t) (line - whole));
	strcpy(shorter + (line - whole), next);
	return shorter;
}

TEST(a_request_survives_a_round_trip)
{
	CHECK(pgraft_rejoin_parse(whole, &rejoin, err, sizeof(err)));
	CHECK(!rejoin.clone);
	CHECK(!rejoin.incomplete);
	CHECK_INT(rejoin.state, PGRAFT_REJOIN_REQUESTED);
	CHECK_INT(rejoin.node_id, 3);
	CHECK_TEXT(rejoin.host, "pgraft-replica2");
	CHECK_INT(rejoin.port, 5432);
	CHECK_INT(rejoin.term, 7);
	CHECK_INT(rejoin.until_lsn, UINT64_C(0x1600000abc));
	CHECK_INT(rejoin.old.end_lsn, 0x3000148);
	CHECK_INT(rejoin.old.n_links, 2);
	CHECK_INT(rejoin.old.links[1].fork_lsn, 0x3000028);
	CHECK_INT(pgraft_rejoin_format(&rejoin, text, sizeof(text)), strlen(whole));
	CHECK_TEXT(text, whole);
}

TEST(a_clone_of_incomplete_data_without_a_known_primary_survives_a_round_trip)
{
	PgraftRejoin wanted = {.clone = true, .state = PGRAFT_REJOIN_WORKING, .incomplete = true};

	CHECK(pgraft_rejoin_format(&wanted, text, sizeof(text)) > 0);
	CHECK(pgraft_rejoin_parse(text, &rejoin, err, sizeof(err)));
	CHECK(rejoin.clone && rejoin.incomplete);
	CHECK_INT(rejoin.state, PGRAFT_REJOIN_WORKING);
	CHECK_TEXT(rejoin.host, "");
	CHECK_INT(rejoin.old.n_links, 0);
}

TEST(a_file_that_lacks_what_the_position_depends_on_is_refused)
{
	check_refused("", "there is no line \"how\"");
	check_refused(without("state"), "there is no line \"state\"");
	check_refused(without("data"), "there is no line \"data\"");
	check_refused(without("until"), "there is no line \"until\"");
	check_refused(without("end 0"), "there is no line \"end\"");
}

TEST(a_line_that_is_not_understood_is_refused)
{
	check_refused("how guess\n", "cannot be understood: how guess\n");
	check_refused("state half\n", "cannot be understood: state half\n");
	check_refused("data half\n", "cannot be understood: data half\n");
	check_refused("port 65536\n", "cannot be understood: port 65536\n");
	check_refused("node -1\n", "cannot be understood: node -1\n");
	check_refused("node 10\n", "cannot be understood: node 10\n");
	check_refused("end 12\n", "cannot be understood: end 12\n");
	check_refused("end 0/123456789\n", "cannot be understood: end 0/123456789\n");
	check_refused("link 2 1 0/0\n", "cannot be understood: link 2 1 0/0\n");
	check_refused("colour blue\n", "cannot be understood: colour blue\n");
	check_refused("how\n", "cannot be understood: how\n");
	check_refused("how clone", "a line is cut off or too long: how clone");
}

TEST(a_number_is_digits_and_nothing_else)
{
	check_refused("term -5\n", "cannot be understood: term -5\n");
	check_refused("term  5\n", "cannot be understood: term  5\n");
	check_refused("term 99999999999999999999\n", "cannot be understood: term 99999999999999999999\n");
	check_refused("until -1/-2\n", "cannot be understood: until -1/-2\n");
	check_refused("until 0x1/0x2\n", "cannot be understood: until 0x1/0x2\n");
	check_refused("end 0/ 1\n", "cannot be understood: end 0/ 1\n");
	check_refused("port +1\n", "cannot be understood: port +1\n");
}

TEST(a_host_is_one_that_can_be_dialled)
{
	check_refused("host \n", "cannot be understood: host \n");
	check_refused("host one two\n", "cannot be understood: host one two\n");
	check_refused("host one;two\n", "cannot be understood: host one;two\n");
}

TEST(no_more_links_are_taken_than_a_report_has)
{
	strcpy(text, whole);
	for (int i = 2; i < PGRAFT_REPORT_LINKS; i++)
		strcat(text, "link 4 8 0/4000000 3 1\n");
	CHECK(pgraft_rejoin_parse(text, &rejoin, err, sizeof(err)));
	strcat(text, "link 4 8 0/4000000 3 1\n");
	CHECK(!pgraft_rejoin_parse(text, &rejoin, err, sizeof(err)));
}

TEST(every_cut_of_a_file_is_refused_or_complete)
{
	char cut[sizeof whole];

	for (size_t size = 0; size < sizeof whole - 1; size++)
	{
		memcpy(cut, whole, size);
		cut[size] = '\0';
		if (pgraft_rejoin_parse(cut, &rejoin, err, sizeof(err)))
			CHECK_INT(rejoin.old.end_lsn, 0x3000148);
	}
}

TEST(what_does_not_fit_is_not_written)
{
	CHECK(pgraft_rejoin_parse(whole, &rejoin, err, sizeof(err)));
	for (size_t size = 0; size <= strlen(whole); size++)
		CHECK_INT(pgraft_rejoin_format(&rejoin, text, size), 0);
}
