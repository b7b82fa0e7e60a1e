/*
 * state_parts.h
 *	  What the files of the state machine share: nobody else applies entries piecewise.
 */
#ifndef PGRAFT_STATE_PARTS_H
#define PGRAFT_STATE_PARTS_H

#include "core/state_machine.h"

/* promotions.c */
extern bool pgraft_apply_intent(PgraftState *state, const PgraftEntry *entry);
extern bool pgraft_apply_record(PgraftState *state, const PgraftEntry *entry);
extern bool pgraft_apply_recovered(PgraftState *state, const PgraftEntry *entry);

/* events.c */
extern void pgraft_add_event(PgraftState *state, const PgraftEntry *entry, PgraftEventType type, const char *detail);

/* As much of text as fits, cut between characters: SQL shows details and values, and takes whole UTF-8 only. */
extern void pgraft_copy_text(char *field, size_t size, const char *text);

#endif
