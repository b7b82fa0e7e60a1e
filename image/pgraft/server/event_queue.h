/*
 * event_queue.h
 *	  What happens to this server alone: kept durably in <pgraft.data_dir>/events until the leader has committed it to the log.
 *
 * Only the role worker writes the file.  Others leave a note in shared memory.
 */
#ifndef PGRAFT_EVENT_QUEUE_H
#define PGRAFT_EVENT_QUEUE_H

#include "core/state_machine.h"

/* From any process, also while the server stops; never fails.  The oldest note goes when there are too many. */
extern void pgraft_note_event(PgraftEventType type, uint64_t term, const char *detail);

/* Role worker: at its start; a file that cannot be read is logged and replaced. */
extern void pgraft_events_load(void);

/* Role worker: write down what was noted, before it stops the server too. */
extern void pgraft_events_save(void);

/* Role worker, each turn: the same, and hand over the oldest, unless the log has it already.  A leader has to be known. */
extern void pgraft_events_turn(int32_t leader_id, const PgraftState *state);

#endif
