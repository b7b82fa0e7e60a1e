/*
 * promises_test.c
 *	  What was promised is read back as it was, also when a power failure has cut the last write off; and a file that somebody changed is not.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "net/promises.h"

#define FILE_SIZE 202

static char path[64];
static char why[2048];
static PgraftPromises promises;

static void
begin(void)
{
	if (path[0] == '\0')
	{
		char directory[] = "/tmp/pgraft-test-XXXXXX";

		if (mkdtemp(directory) == NULL)
			abort();
		snprintf(path, sizeof path, "%s/promised", directory);
	}
	CHECK_INT(pgraft_promises_begin(&promises, path), 0);
}

static void
keep(uint64_t term, uint64_t vote, uint64_t last)
{
	CHECK_INT(pgraft_promises_keep(&promises, &(PgraftPromise){.term = term, .vote = vote, .last = last}), 0);
}

static bool
reads(void)
{
	pgraft_promises_close(&promises);
	return pgraft_promises_read(&promises, path, why, sizeof why);
}

static void
reads_as(uint64_t term, uint64_t vote, uint64_t last)
{
	CHECK(reads());
	CHECK_INT(promises.kept.term, term);
	CHECK_INT(promises.kept.vote, vote);
	CHECK_INT(promises.kept.last, last);
}

static void
change_byte(off_t at, uint8_t with)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	CHECK_INT(pread(fd, &byte, 1, at), 1);
	byte ^= with;
	CHECK_INT(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

TEST(a_new_file_promises_nothing)
{
	begin();
	reads_as(0, 0, 0);
}

TEST(the_newest_promise_is_read_back_however_many_there_were)
{
	begin();
	for (uint64_t i = 1; i <= 7; i++)
	{
		keep(i, i % 3, 10 * i);
		reads_as(i, i % 3, 10 * i);
	}
	keep(UINT64_MAX, UINT64_MAX, UINT64_MAX);
	reads_as(UINT64_MAX, UINT64_MAX, UINT64_MAX);
}

TEST(each_wrong_bit_of_the_newest_line_leaves_the_promise_before)
{
	for (off_t at = 0; at < FILE_SIZE / 2; at++)
		for (unsigned bit = 0; bit < 8; bit++)
		{
			begin();
			keep(4, 2, 40);
			keep(5, 1, 50);
			change_byte(FILE_SIZE / 2 + at, (uint8_t) (1u << bit));
			if (reads())
				CHECK_INT(promises.kept.term, 4);
			else
				CHECK(strstr(why, "it is damaged") != NULL); /* a NUL */
		}
}

TEST(a_file_of_which_no_line_is_left_is_damaged)
{
	begin();
	keep(4, 2, 40);
	change_byte(3, 1);
	change_byte(FILE_SIZE / 2 + 3, 1);
	CHECK(!reads());
	CHECK(strstr(why, "it is damaged") != NULL);
}

TEST(a_file_that_is_cut_off_or_longer_or_gone_is_not_believed)
{
	for (off_t size = 0; size < FILE_SIZE; size++)
	{
		begin();
		keep(4, 2, 40);
		CHECK_INT(truncate(path, size), 0);
		CHECK(!reads());
		CHECK(strstr(why, "it is damaged") != NULL);
	}
	begin();
	CHECK_INT(truncate(path, FILE_SIZE + 1), 0);
	CHECK(!reads());
	CHECK_INT(unlink(path), 0);
	CHECK(!reads());
	CHECK(strstr(why, "No such file") != NULL);
}

static bool
is_kept(PgraftPromise found)
{
	static const PgraftPromise promised = {.term = 5, .vote = 2, .last = 50};

	return pgraft_promise_is_kept(&promised, &found, why, sizeof why);
}

TEST(files_that_say_as_much_or_more_keep_the_promise)
{
	CHECK(is_kept((PgraftPromise){.term = 5, .vote = 2, .last = 50}));
	CHECK(is_kept((PgraftPromise){.term = 5, .vote = 2, .last = 51}));
	CHECK(is_kept((PgraftPromise){.term = 6, .vote = 0, .last = 50}));
}

TEST(an_older_term_another_vote_or_a_shorter_log_breaks_it)
{
	CHECK(!is_kept((PgraftPromise){.term = 4, .vote = 2, .last = 50}));
	CHECK_TEXT(why, "its term is 4, and was 5");
	CHECK(!is_kept((PgraftPromise){.term = 5, .vote = 0, .last = 50}));
	CHECK_TEXT(why, "its vote in term 5 is not for node 2 any more");
	CHECK(!is_kept((PgraftPromise){.term = 5, .vote = 3, .last = 50}));
	CHECK(!is_kept((PgraftPromise){.term = 6, .vote = 0, .last = 49}));
	CHECK_TEXT(why, "its log ends at 49, and went to 50");
}
