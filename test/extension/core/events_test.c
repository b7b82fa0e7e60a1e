/*
 * events_test.c
 *	  The names of events.
 */
#include "core/events.h"

#include "check.h"

static const char *
name_of(int32_t type)
{
	static char name[PGRAFT_EVENT_NAME_SIZE];

	pgraft_event_name(type, name, sizeof(name));
	return name;
}

TEST(every_event_has_a_name)
{
	static const char *const names[] = {"leader_elected", "promotion_started", "promoted",		 "member_changed",
										"config_changed", "member_added",	   "member_removed", "leadership_transfer",
										"recovered",	  "stepped_down",	   "fenced",		 "majority_lost",
										"worker_started"};

	for (int32_t type = PGRAFT_EVENT_LEADER_ELECTED; type <= PGRAFT_EVENT_WORKER_STARTED; type++)
		CHECK_TEXT(name_of(type), names[type - 1]);
}

TEST(an_event_of_a_later_version_is_shown_by_its_number)
{
	CHECK_TEXT(name_of(PGRAFT_EVENT_WORKER_STARTED + 1), "unknown_14");
	CHECK_TEXT(name_of(0), "unknown_0");
	CHECK_TEXT(name_of(INT32_MIN), "unknown_-2147483648");
	CHECK_TEXT(name_of(INT32_MAX), "unknown_2147483647");
}
