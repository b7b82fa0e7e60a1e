/*
 * event_line.h
 *	  A line of <pgraft.data_dir>/events: an event that the log does not have yet.  "<Unix time in ms> <term> <type> <detail>".
 */
#ifndef PGRAFT_EVENT_LINE_H
#define PGRAFT_EVENT_LINE_H

#include "core/types.h"

/* The number of a type, the numbers of a time and a term, and their blanks, a detail and the newline. */
#define PGRAFT_EVENT_LINE_SIZE (PGRAFT_DETAIL_SIZE + 64)

/* The line without its newline.  false: it is none that was written; node_id is the caller's to set. */
extern bool pgraft_event_line_parse(const char *line, PgraftEvent *event);

/* With its newline; returns its length, 0 if it does not fit. */
extern size_t pgraft_event_line_format(const PgraftEvent *event, char *buf, size_t size);

#endif
