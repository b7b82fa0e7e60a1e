/*
 * event_queue.c
 *	  See event_queue.h.
 *
 * One line an event (core/event_line.h).  An event may be handed over twice when an answer is lost; what the log has
 * already, is not sent again.
 */
#include "postgres.h"

#include "storage/latch.h"

#include "core/event_line.h"
#include "net/clock.h"
#include "net/files.h"
#include "server/ask.h"
#include "server/event_queue.h"
#include "server/settings.h"
#include "server/shared.h"

#define MAX_EVENTS	   64
#define RETRY_AFTER_MS 1000

static PgraftEvent queue[MAX_EVENTS]; /* oldest first */
static int n_queue;
static bool unsaved;
static bool handing_over; /* the oldest */
static int64 retry_ms;

void
pgraft_note_event(PgraftEventType type, uint64 term, const char *detail)
{
	PgraftEvent event = {.at_ms = pgraft_wall_ms(), .term = term, .node_id = pgraft_node_id, .type = type};
	Latch *latch;

	strlcpy(event.detail, detail, sizeof event.detail);
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	if (pgraft_shared->n_notes == PGRAFT_NOTES)
		memmove(pgraft_shared->notes, pgraft_shared->notes + 1, sizeof event * --pgraft_shared->n_notes);
	pgraft_shared->notes[pgraft_shared->n_notes++] = event;
	latch = pgraft_shared->role_latch;
	LWLockRelease(pgraft_shared->lock);
	if (latch != NULL)
		SetLatch(latch);
}

static void
path_of_file(char *path, size_t size)
{
	snprintf(path, size, "%s/events", pgraft_data_dir);
}

static void
drop_oldest(void)
{
	memmove(queue, queue + 1, sizeof(PgraftEvent) * --n_queue);
	handing_over = false;
	unsaved = true;
}

static void
append(const PgraftEvent *event)
{
	if (n_queue == MAX_EVENTS)
		drop_oldest();
	queue[n_queue++] = *event;
	unsaved = true;
}

void
pgraft_events_load(void)
{
	static char text[MAX_EVENTS * PGRAFT_EVENT_LINE_SIZE];
	char path[MAXPGPATH];
	char *rest = text;
	char *line;
	int error;

	path_of_file(path, sizeof path);
	error = pgraft_read_file(path, text, sizeof text);
	if (error == ENOENT)
		return;
	if (error != 0)
	{
		errno = error;
		ereport(LOG, errcode_for_file_access(), errmsg("pgraft: could not read \"%s\", begins it anew: %m", path));
		return;
	}
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		PgraftEvent event;

		if (*line == '\0')
			continue;
		if (pgraft_event_line_parse(line, &event))
		{
			event.node_id = pgraft_node_id;
			append(&event);
		}
		else
			ereport(LOG, errmsg("pgraft: left out an unreadable line of \"%s\": \"%s\"", path, line));
	}
	unsaved = false;
}

static void
write_file(void)
{
	static char text[MAX_EVENTS * PGRAFT_EVENT_LINE_SIZE];
	char path[MAXPGPATH];
	size_t length = 0;
	int error;

	for (int i = 0; i < n_queue; i++)
		length += pgraft_event_line_format(&queue[i], text + length, sizeof text - length);
	path_of_file(path, sizeof path);
	error = pgraft_write_durably(path, text, length);
	unsaved = false;
	errno = error;
	/* Tried again when there is something new: it must not keep this server from its role. */
	if (error != 0)
		ereport(LOG, errcode_for_file_access(), errmsg("pgraft: could not write \"%s\": %m", path));
}

void
pgraft_events_save(void)
{
	PgraftEvent notes[PGRAFT_NOTES];
	int n;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	n = pgraft_shared->n_notes;
	memcpy(notes, pgraft_shared->notes, sizeof notes);
	pgraft_shared->n_notes = 0;
	LWLockRelease(pgraft_shared->lock);
	for (int i = 0; i < n; i++)
		append(&notes[i]);
	if (n > 0)
		write_file();
}

static bool
is_in_log(const PgraftState *state, const PgraftEvent *event)
{
	for (int i = 0; i < state->n_events; i++)
	{
		const PgraftEvent *known = &state->events[i];

		if (known->at_ms == event->at_ms && known->type == event->type && known->node_id == event->node_id)
			return true;
	}
	return false;
}

static void
read_answer(void)
{
	PgraftOutcome outcome;

	if (!pgraft_ask_background_outcome(PGRAFT_ASK_EVENT, &outcome) || !handing_over)
		return;
	handing_over = false;
	if (outcome.code == PGRAFT_OUTCOME_DONE || outcome.code == PGRAFT_OUTCOME_INVALID)
		drop_oldest();
	else
		retry_ms = pgraft_now_ms() + RETRY_AFTER_MS;
}

static void
hand_over(const PgraftEvent *event)
{
	PgraftRequest request = {
		.kind = PGRAFT_REQUEST_EVENT,
		.node_id = event->node_id,
		.at_ms = event->at_ms,
		.term = event->term,
		.event_type = event->type,
	};

	strlcpy(request.value, event->detail, sizeof request.value);
	handing_over = pgraft_ask_in_background(PGRAFT_ASK_EVENT, &request);
}

void
pgraft_events_turn(int32_t leader_id, const PgraftState *state)
{
	pgraft_events_save();
	read_answer();
	while (n_queue > 0 && !handing_over && is_in_log(state, &queue[0]))
		drop_oldest();
	if (unsaved && n_queue == 0)
		write_file();
	if (n_queue > 0 && !handing_over && leader_id != 0 && pgraft_now_ms() >= retry_ms)
		hand_over(&queue[0]);
}
