/*
 * event_line.c
 *	  A line of the queue of events: what is taken can go to the log, and is written again as it was, but for zeros before its numbers.
 */
#include "fuzz/fuzz.h"

#include "core/codec.h"
#include "core/event_line.h"

static void
goes_to_the_log(const PgraftEvent *event)
{
	static PgraftEntry entry;
	static uint8_t bytes[PGRAFT_ENTRY_MAX_SIZE];

	entry = (PgraftEntry){.type = PGRAFT_ENTRY_EVENT, .at_ms = event->at_ms, .term = event->term, .node_id = 1};
	entry.u.event.type = event->type;
	strcpy(entry.u.event.detail, event->detail);
	HOLDS(pgraft_entry_encode(&entry, bytes, sizeof bytes) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = as_text((FuzzInput){.data = data, .size = size});
	char again[PGRAFT_EVENT_LINE_SIZE];
	PgraftEvent event;
	PgraftEvent event_again;

	if (pgraft_event_line_parse(line, &event))
	{
		size_t n = pgraft_event_line_format(&event, again, sizeof again);

		HOLDS(n > 0 && n == strlen(again) && strchr(again, '\n') == again + n - 1);
		again[n - 1] = '\0';
		HOLDS(pgraft_event_line_parse(again, &event_again));
		HOLDS(event.at_ms == event_again.at_ms && event.term == event_again.term && event.type == event_again.type);
		HOLDS(strcmp(event.detail, event_again.detail) == 0);
		goes_to_the_log(&event);
	}
	free(line);
	return 0;
}
