/*
 * refusals_test.c
 *	  Who fills the log with refused connections, and cannot.
 */
#include "core/refusals.h"

#include "check.h"

#define INTERVAL PGRAFT_REFUSAL_INTERVAL_MS
#define HOSTS	 PGRAFT_REFUSAL_HOSTS

static PgraftRefusals refusals;
static uint64_t unlogged;
static bool crowd;

static bool
note(const char *host, int64_t now_ms)
{
	return pgraft_refusals_note(&refusals, host, now_ms, &unlogged, &crowd);
}

static bool
note_number(int number, int64_t now_ms)
{
	char host[32];

	snprintf(host, sizeof(host), "10.0.%d.%d", number / 250, number % 250);
	return note(host, now_ms);
}

static void
begin(void)
{
	memset(&refusals, 0, sizeof(refusals));
}

TEST(a_host_is_told_of_at_once_and_then_once_an_interval_with_how_many_were_not)
{
	begin();
	CHECK(note("10.0.0.1", 5));
	CHECK_INT(unlogged, 0);
	for (int i = 1; i < INTERVAL; i += 100)
		CHECK(!note("10.0.0.1", 5 + i));
	CHECK(note("10.0.0.1", 5 + INTERVAL));
	CHECK_INT(unlogged, 100);
	CHECK(!note("10.0.0.1", 5 + 2 * INTERVAL - 1));
	CHECK(note("10.0.0.1", 5 + 2 * INTERVAL));
	CHECK_INT(unlogged, 1);
	CHECK(!crowd);
}

TEST(one_host_that_is_refused_all_the_time_does_not_hide_another)
{
	begin();
	CHECK(note("10.0.0.1", 5));
	CHECK(!note("10.0.0.1", 6));
	CHECK(note("10.0.0.2", 7));
	CHECK_INT(unlogged, 0);
	CHECK(!note("10.0.0.1", 8));
	CHECK(!note("10.0.0.2", 9));
}

TEST(the_host_told_of_longest_ago_makes_room_once_its_interval_is_over)
{
	begin();
	for (int i = 0; i < HOSTS; i++)
		CHECK(note_number(i, 10 + i));
	CHECK(note("late", 10 + INTERVAL));
	CHECK(!crowd);
	CHECK(!note_number(1, 10 + INTERVAL));
	CHECK(note_number(0, 11 + INTERVAL));
	CHECK_INT(unlogged, 0);
}

TEST(a_crowd_of_hosts_gets_no_more_lines_than_there_is_room_and_one_an_interval)
{
	int lines = 0;
	int lines_of_crowd = 0;

	begin();
	for (int64_t now = 1; now <= 3 * INTERVAL; now += 10)
		for (int i = 0; i < 100; i++)
			if (note_number((int) (now + i) % 1000, now))
			{
				lines++;
				lines_of_crowd += crowd;
			}
	CHECK(lines <= 3 * (HOSTS + 1));
	CHECK(lines_of_crowd >= 2 && lines_of_crowd <= 3);
}

TEST(a_host_whose_name_is_longer_than_its_room_is_still_one_host)
{
	char host[2 * PGRAFT_REFUSAL_HOST_SIZE];

	begin();
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	CHECK(note(host, 5));
	CHECK(!note(host, 6));
	CHECK(note(host, 5 + INTERVAL));
	CHECK_INT(unlogged, 1);
}
