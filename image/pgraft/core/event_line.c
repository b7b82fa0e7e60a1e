/*
 * event_line.c
 *	  See event_line.h.
 */
#include "core/event_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text_parts.h"

bool
pgraft_event_line_parse(const char *line, PgraftEvent *event)
{
	uint64_t at_ms, type;

	memset(event, 0, sizeof(*event));
	if (!pgraft_take_number(&line, 10, INT64_MAX, &at_ms) || !pgraft_take_char(&line, ' ') ||
		!pgraft_take_number(&line, 10, UINT64_MAX, &event->term) || !pgraft_take_char(&line, ' ') ||
		!pgraft_take_number(&line, 10, INT32_MAX, &type) || !pgraft_take_char(&line, ' '))
		return false;
	if (type == 0 || strlen(line) >= sizeof(event->detail) || strchr(line, '\n') != NULL)
		return false;
	event->at_ms = (int64_t) at_ms;
	event->type = (int32_t) type;
	strcpy(event->detail, line);
	return true;
}

size_t
pgraft_event_line_format(const PgraftEvent *event, char *buf, size_t size)
{
	int length = snprintf(buf, size, "%" PRId64 " %" PRIu64 " %" PRId32 " %s\n", event->at_ms, event->term, event->type,
						  event->detail);

	return length < 0 || (size_t) length >= size ? 0 : (size_t) length;
}
