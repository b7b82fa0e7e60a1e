/*
 * events.c
 *	  The last events, as the state keeps them, and their names.
 */
#include "core/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/state_parts.h"

static const char *const names[] = {
	[PGRAFT_EVENT_LEADER_ELECTED] = "leader_elected",
	[PGRAFT_EVENT_PROMOTION_STARTED] = "promotion_started",
	[PGRAFT_EVENT_PROMOTED] = "promoted",
	[PGRAFT_EVENT_MEMBER_CHANGED] = "member_changed",
	[PGRAFT_EVENT_CONFIG_CHANGED] = "config_changed",
	[PGRAFT_EVENT_MEMBER_ADDED] = "member_added",
	[PGRAFT_EVENT_MEMBER_REMOVED] = "member_removed",
	[PGRAFT_EVENT_TRANSFER] = "leadership_transfer",
	[PGRAFT_EVENT_RECOVERED] = "recovered",
	[PGRAFT_EVENT_STEPPED_DOWN] = "stepped_down",
	[PGRAFT_EVENT_FENCED] = "fenced",
	[PGRAFT_EVENT_MAJORITY_LOST] = "majority_lost",
	[PGRAFT_EVENT_WORKER_STARTED] = "worker_started",
};

void
pgraft_event_name(int32_t type, char *name, size_t size)
{
	if (type > 0 && (size_t) type < sizeof(names) / sizeof(names[0]))
		(void) snprintf(name, size, "%s", names[type]);
	else
		(void) snprintf(name, size, "unknown_%" PRId32, type);
}

void
pgraft_copy_text(char *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
	{
		length = size - 1;
		while (length > 0 && ((unsigned char) text[length] & 0xc0) == 0x80)
			length--;
	}
	memset(field, 0, size);
	memcpy(field, text, length);
}

void
pgraft_add_event(PgraftState *state, const PgraftEntry *entry, PgraftEventType type, const char *detail)
{
	PgraftEvent *event;

	if (state->n_events == PGRAFT_MAX_EVENTS)
	{
		state->n_events--;
		memmove(state->events, state->events + 1, (size_t) state->n_events * sizeof(PgraftEvent));
	}
	event = &state->events[state->n_events++];
	memset(event, 0, sizeof(*event));
	event->at_ms = entry->at_ms;
	event->term = entry->term;
	event->node_id = entry->node_id;
	event->type = (int32_t) type;
	pgraft_copy_text(event->detail, sizeof(event->detail), detail);
}
