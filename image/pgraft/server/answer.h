/*
 * answer.h
 *	  What a client hears of its commit: nothing before it is confirmed (safety.md R16).
 *
 * Held from before the commit record is written until its fate is known: then either everything goes on as usual, or the session ends without
 * having sent another byte.
 */
#ifndef PGRAFT_ANSWER_H
#define PGRAFT_ANSWER_H

#include <stdbool.h>

#include "access/xlogdefs.h"

typedef enum PgraftRecordKind
{
	PGRAFT_RECORD_COMMIT,
	PGRAFT_RECORD_PREPARE,
	PGRAFT_RECORD_FINISH_PREPARED /* COMMIT PREPARED, ROLLBACK PREPARED */
} PgraftRecordKind;

/* Send nothing from now on, but for an error that comes before the record of this kind is written.  Only for sessions of clients that wait. */
extern void pgraft_answer_hold(PgraftRecordKind kind);

extern bool pgraft_answer_is_held(void);

/* The record ends at end: go on if that is confirmed, otherwise end the session without an answer.  Nothing if nothing is held. */
extern void pgraft_answer_settle(XLogRecPtr end);

/* The transaction was rolled back. */
extern void pgraft_answer_rolled_back(void);

#endif
