/*
 * leadership_events.h
 *	  What only this server sees of its own leadership, as events.
 */
#ifndef PGRAFT_LEADERSHIP_EVENTS_H
#define PGRAFT_LEADERSHIP_EVENTS_H

#include "net/status.h"

/* Consensus worker, when its status has changed. */
extern void pgraft_note_leadership(const PgraftRaftStatus *before, const PgraftRaftStatus *now);

#endif
