/*
 * ask.h
 *	  Asking the leader for a change, wherever it is: slots in shared memory between a process of this server and its consensus worker.
 *
 * The owner of a slot fills it in and wakes the consensus worker, which takes it, hands it to the leader, and writes the outcome once this server
 * has applied what was changed.  Who stops waiting before that says so: the change may still be made.
 */
#ifndef PGRAFT_ASK_H
#define PGRAFT_ASK_H

#include "core/request.h"
#include "net/status.h"
#include "server/shared.h"

/* Ask and wait, interruptibly; DONE, or ERROR with the outcome's SQLSTATE, message and hint. */
extern void pgraft_ask(const PgraftRequest *request);

/* In a slot of the role worker's own, without waiting.  false: it is in use. */
extern bool pgraft_ask_in_background(int slot, const PgraftRequest *request);

/* The outcome of such a slot, which is free afterwards.  false: there is none. */
extern bool pgraft_ask_background_outcome(int slot, PgraftOutcome *outcome);

/*
 * Is there an outcome that a session of this server has not been able to tell its client yet?  It has when it waits for the client's
 * next command.
 */
extern bool pgraft_answers_pending(void);

/* For the consensus worker: at its start; the next request to take; the outcome; what this server has applied; at its end. */
extern void pgraft_asks_begin(void);
extern bool pgraft_asks_take(PgraftRequest *request, uint64 *ticket, bool *given_up);
extern void pgraft_asks_settle(uint64_t ticket, const PgraftOutcome *outcome);
extern void pgraft_asks_applied(const PgraftRaftStatus *raft);
extern void pgraft_asks_end(void);

#endif
