/*
 * events.h
 *	  Events as users see them.
 */
#ifndef PGRAFT_EVENTS_H
#define PGRAFT_EVENTS_H

#include "core/types.h"

#define PGRAFT_EVENT_NAME_SIZE 32

/* PgraftEventType as text; "unknown_<n>" for one of a later version. */
extern void pgraft_event_name(int32_t type, char *name, size_t size);

#endif
