/*
 * applied_state.h
 *	  The state that the tests of the state machine apply entries to.
 */
#ifndef APPLIED_STATE_H
#define APPLIED_STATE_H

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static PgraftState before;

static inline const PgraftEvent *
last_event(void)
{
	return &state.events[state.n_events - 1];
}

/* Apply something that must be refused, and leave no trace. */
#define CHECK_REFUSED(apply) \
	do \
	{ \
		before = state; \
		CHECK(!(apply)); \
		CHECK_BYTES(&state, &before, sizeof(state)); \
	} while (0)

#endif
