/*
 * event_line_test.c
 *	  The lines of the queue of events.
 */
#include "check.h"
#include "core/event_line.h"

static PgraftEvent event;
static char line[PGRAFT_EVENT_LINE_SIZE];

TEST(an_event_survives_a_round_trip)
{
	const PgraftEvent wanted = {.at_ms = 1760000000000, .term = UINT64_MAX, .type = 11, .detail = "lost its  lease"};

	CHECK_INT(pgraft_event_line_format(&wanted, line, sizeof(line)), strlen(line));
	CHECK_TEXT(line, "1760000000000 18446744073709551615 11 lost its  lease\n");
	line[strlen(line) - 1] = '\0';
	CHECK(pgraft_event_line_parse(line, &event));
	CHECK_INT(event.at_ms, wanted.at_ms);
	CHECK(event.term == wanted.term);
	CHECK_INT(event.type, wanted.type);
	CHECK_TEXT(event.detail, wanted.detail);
}

TEST(the_longest_detail_fits_into_a_line)
{
	PgraftEvent longest = {.at_ms = INT64_MAX, .term = UINT64_MAX, .type = INT32_MAX};

	memset(longest.detail, 'x', sizeof(longest.detail) - 1);
	CHECK(pgraft_event_line_format(&longest, line, sizeof(line)) > 0);
	line[strlen(line) - 1] = '\0';
	CHECK(pgraft_event_line_parse(line, &event));
	CHECK_TEXT(event.detail, longest.detail);
}

/* The log refuses an event without a type: it would stay at the head of the queue for ever. */
TEST(an_event_without_a_type_is_refused)
{
	CHECK(!pgraft_event_line_parse("1 2 0 detail", &event));
	CHECK(!pgraft_event_line_parse("1 2 -3 detail", &event));
}

TEST(what_was_not_written_is_refused)
{
	CHECK(!pgraft_event_line_parse("", &event));
	CHECK(!pgraft_event_line_parse("1 2 3", &event));
	CHECK(!pgraft_event_line_parse("1 2  3 detail", &event));
	CHECK(!pgraft_event_line_parse("9223372036854775808 2 3 detail", &event));
	CHECK(!pgraft_event_line_parse("1 2 2147483648 detail", &event));
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "1 2 3 ", 6);
	CHECK(!pgraft_event_line_parse(line, &event));
}
