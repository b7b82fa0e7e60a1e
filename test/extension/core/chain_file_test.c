/*
 * chain_file_test.c
 *	  The text of pgraft.chain, as the server writes it and as the entry point and people may leave it.
 */
#include "core/chain_file.h"

#include "check.h"
#include "fixtures.h"

static char text[64 * 1024];
static char err[300];
static PgraftPromotion links[PGRAFT_MAX_PROMOTIONS];

static void
check_refused(const char *chain, const char *message)
{
	strcpy(err, "nothing");
	CHECK_INT(pgraft_chain_parse(chain, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), -1);
	CHECK_TEXT(err, message);
}

TEST(a_chain_is_written_with_its_columns_named)
{
	PgraftPromotion chain[] = {link_of(1, 1, 2, 1, 0x3000148), link_of(7, 3, 3, 2, UINT64_C(0x1600000abc)),
							   link_of(9, 1, 4, 3, 0)};
	const char *expected = "# timeline term fork_lsn parent_timeline node_id, crc32 bfb037b4\n"
						   "2 1 0/3000148 1 1\n"
						   "3 7 16/ABC 2 3\n"
						   "4 9 0/0 3 1\n";

	CHECK_INT(pgraft_chain_format(chain, 3, text, sizeof(text)), strlen(expected));
	CHECK_TEXT(text, expected);
}

TEST(an_empty_chain_is_a_file_with_nothing_but_the_names_of_the_columns)
{
	CHECK(pgraft_chain_format(NULL, 0, text, sizeof(text)) > 0);
	CHECK_INT(pgraft_chain_parse(text, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), 0);
}

TEST(an_empty_file_was_cut_off)
{
	check_refused("", "it is empty");
}

TEST(a_file_in_which_any_byte_was_changed_is_refused_or_read_as_the_same_links)
{
	PgraftPromotion chain[] = {link_of(1, 1, 2, 1, 0x3000148), link_of(7, 3, 3, 2, UINT64_C(0x1600000abc))};
	size_t length = pgraft_chain_format(chain, 2, text, sizeof(text));
	static char whole[sizeof(text)];
	static char again[sizeof(text)];
	int refused = 0;

	memcpy(whole, text, sizeof(text));
	for (size_t at = 0; at < length; at++)
		for (int bit = 0; bit < 8; bit++)
		{
			int n;

			text[at] = (char) (text[at] ^ 1 << bit);
			n = pgraft_chain_parse(text, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err));
			if (n < 0)
				refused++;
			else
			{
				CHECK_INT(pgraft_chain_format(links, n, again, sizeof(again)), length);
				CHECK_TEXT(again, whole);
			}
			text[at] = (char) (text[at] ^ 1 << bit);
		}
	CHECK(refused >= (int) (length - strlen("# timeline term fork_lsn parent_timeline node_id, crc32 ")) * 8);
}

TEST(a_file_that_was_cut_off_at_the_end_of_a_line_is_refused)
{
	PgraftPromotion chain[] = {link_of(1, 1, 2, 1, 0x3000148), link_of(7, 3, 3, 2, UINT64_C(0x1600000abc))};
	size_t length = pgraft_chain_format(chain, 2, text, sizeof(text));

	while (--length > 0)
	{
		text[length] = '\0';
		CHECK_INT(pgraft_chain_parse(text, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), -1);
	}
}

TEST(a_file_of_an_older_version_has_no_checksum)
{
	const char *older = "# timeline term fork_lsn parent_timeline node_id\n2 1 0/3000148 1 1\n";

	CHECK_INT(pgraft_chain_parse(older, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), 1);
}

TEST(the_longest_chain_of_the_largest_numbers_survives_a_round_trip)
{
	static PgraftPromotion chain[PGRAFT_MAX_PROMOTIONS];
	size_t length;

	for (uint32_t i = 0; i < PGRAFT_MAX_PROMOTIONS; i++)
	{
		uint32_t from_top = PGRAFT_MAX_PROMOTIONS - 1 - i;

		chain[i] =
			link_of(UINT64_MAX - from_top, INT32_MAX, UINT32_MAX - from_top, UINT32_MAX - from_top - 1, UINT64_MAX - i);
	}
	length = pgraft_chain_format(chain, PGRAFT_MAX_PROMOTIONS, text, sizeof(text));
	CHECK(length > 0);
	memset(links, 0, sizeof(links));
	CHECK_INT(pgraft_chain_parse(text, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), PGRAFT_MAX_PROMOTIONS);
	CHECK_BYTES(links, chain, sizeof(chain));
}

TEST(a_chain_that_does_not_fit_the_buffer_is_not_written)
{
	PgraftPromotion chain[] = {link_of(1, 1, 2, 1, 0x3000148), link_of(7, 3, 3, 2, 0x4000000)};
	size_t length = pgraft_chain_format(chain, 2, text, sizeof(text));

	for (size_t size = 0; size <= length; size++)
		CHECK_INT(pgraft_chain_format(chain, 2, text, size), 0);
	CHECK_INT(pgraft_chain_format(chain, 2, text, length + 1), length);
}

TEST(comments_empty_lines_and_spaces_between_numbers_do_not_count)
{
	const char *chain = "# a comment\n\n  # another\n2  1 \t 0/3000148\t1\t1 \n\n";

	CHECK_INT(pgraft_chain_parse(chain, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), 1);
	CHECK_INT(links[0].timeline, 2);
	CHECK_INT(links[0].term, 1);
	CHECK_INT(links[0].fork_lsn, 0x3000148);
	CHECK_INT(links[0].parent, 1);
	CHECK_INT(links[0].node_id, 1);
}

TEST(lsns_are_read_in_either_case)
{
	CHECK_INT(pgraft_chain_parse("2 1 aAbB/cDeFfE09 1 1\n", links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)), 1);
	CHECK_INT(links[0].fork_lsn, INT64_C(0xaabbcdeffe09));
}

TEST(a_line_that_is_no_link_is_refused_with_its_number)
{
	const char *message = "line 2 is no link: expected \"timeline term fork_lsn parent_timeline node_id\"";
	const char *bad[] = {"#\nx\n",
						 "#\n2\n",
						 "#\n2 1 0/3000148 1\n",
						 "#\n2 1 0/3000148 1 1 1\n",
						 "#\n2 1 03000148 1 1\n",
						 "#\n2 1 0/ 1 1\n",
						 "#\n2 1 /3000148 1 1\n",
						 "#\n 2 1 0/0 1 1\n",
						 "#\n2 1 0/0 1 1x\n",
						 "#\n-2 1 0/0 1 1\n",
						 "#\n2 +1 0/0 1 1\n",
						 "#\n2 1 0/0 1 0\n",
						 "#\n2 0 0/0 1 1\n",
						 "#\n2 1 0/0 0 1\n",
						 "#\n4294967296 1 0/0 1 1\n",
						 "#\n2 18446744073709551616 0/0 1 1\n",
						 "#\n2 1 100000000/0 1 1\n",
						 "#\n2 1 0/100000000 1 1\n",
						 "#\n2 1 0/0 4294967296 1\n",
						 "#\n2 1 0/0 1 2147483648\n",
						 "#\n2 1 0/0 1 1\r\n",
						 "#\n2 1 0/g 1 1\n",
						 "#\na 1 0/0 1 1\n",
						 "#\n2 1 0/0x1 1\n",
						 "#\n2x1 0/0 1 1\n",
						 "#\n2 1 0/0 1\n",
						 "#\n2 1 0/0 1x1\n",
						 "#\n2 1 0/0 x 1\n",
						 "#\n2 1a/0 1 1\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_refused(bad[i], message);
}

TEST(a_file_that_was_cut_off_is_refused_wherever_the_cut_is)
{
	const char *whole = "2 1 0/3000148 1 12\n";
	char cut[40];

	for (size_t n = 1; n < strlen(whole); n++)
	{
		memset(cut, 0, sizeof(cut));
		memcpy(cut, whole, n);
		check_refused(cut, "line 1 has no end: the file was cut off");
	}
}

TEST(terms_and_timelines_that_do_not_ascend_are_refused)
{
	check_refused("2 5 0/0 1 1\n3 5 0/0 2 1\n", "line 2: term 5 is not newer than term 5 before it");
	check_refused("2 5 0/0 1 1\n3 4 0/0 2 1\n", "line 2: term 4 is not newer than term 5 before it");
	check_refused("3 5 0/0 1 1\n3 6 0/0 2 1\n", "line 2: timeline 3 is not newer than timeline 3 before it");
	check_refused("3 5 0/0 1 1\n2 6 0/0 1 1\n", "line 2: timeline 2 is not newer than timeline 3 before it");
	check_refused("2 5 0/0 2 1\n", "line 1: timeline 2 cannot leave timeline 2, which is not older");
}

TEST(more_links_than_there_is_room_for_are_refused)
{
	const char *three = "2 1 0/0 1 1\n3 2 0/0 2 1\n4 3 0/0 3 1\n";

	CHECK_INT(pgraft_chain_parse(three, links, 3, err, sizeof(err)), 3);
	CHECK_INT(pgraft_chain_parse(three, links, 2, err, sizeof(err)), -1);
	CHECK_TEXT(err, "line 3: more than 2 links");
}

TEST(a_hundred_thousand_random_texts_never_crash_the_reader)
{
	static const char characters[] = "0123456789abcF/ \t\n#x-";
	uint64_t seed = 5;
	int n_taken = 0;

	for (int i = 0; i < 100000; i++)
	{
		size_t length = next_random(&seed) % 60;
		char random[64] = "";

		for (size_t j = 0; j < length; j++)
			random[j] = characters[next_random(&seed) % (sizeof(characters) - 1)];
		n_taken += pgraft_chain_parse(random, links, PGRAFT_MAX_PROMOTIONS, err, sizeof(err)) >= 0;
	}
	CHECK(n_taken > 0);
}
