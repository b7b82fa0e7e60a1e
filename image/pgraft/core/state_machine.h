/*
 * state_machine.h
 *	  The replicated state: what every member computes, equally, from the committed log.
 *
 * Pure: no clock, no I/O, no allocation.  The struct is flat, so that it can be copied into shared memory as it is.
 */
#ifndef PGRAFT_STATE_MACHINE_H
#define PGRAFT_STATE_MACHINE_H

#include "core/codec.h"
#include "core/types.h"

typedef struct PgraftState
{
	char cluster_name[PGRAFT_VALUE_SIZE];
	char group_id[PGRAFT_GROUP_SIZE]; /* "": not known yet; set once */
	bool failover_enabled;
	int32_t successor; /* of the newest TRANSFER, until the next record; 0: none */
	int n_members;
	PgraftMember members[PGRAFT_MAX_NODES];
	int n_promotions;
	PgraftPromotion promotions[PGRAFT_MAX_PROMOTIONS]; /* by term, ascending */
	int n_history;
	PgraftPromotion history[PGRAFT_MAX_PROMOTIONS]; /* of the server of the last record: its chain, oldest first */
	int n_events;
	PgraftEvent events[PGRAFT_MAX_EVENTS]; /* oldest first */
} PgraftState;

extern void pgraft_state_init(PgraftState *state);

/*
 * Apply one committed entry.  Never fails: an entry that cannot be applied (a promotion record without its intent, a
 * member beyond PGRAFT_MAX_NODES) is refused equally on every server, and false is returned, for the log.
 *
 * INTENT: adds the promotion when its term is newer than every known one.  RECORD: fills in timeline, parent and fork
 * of the intent with its term and, from its links, of earlier intents that crashed before their record (only those with the
 * same term that are still intents); the links become the history; a record older than the newest record is refused.  MEMBER: adds or replaces by node_id.
 * CONFIG: cluster_name (any text that fits), failover_enabled ("true"/"false"), group_id (32 hex digits, refused once it is set; no
 * event); other keys refused.  LEADER, EVENT: only an event.  REMOVED: forgets the member; refused if unknown.  TRANSFER: successor,
 * which the next RECORD resets.  RECOVERED: its links become promotions and history; refused unless there are none yet.
 * Each applied entry adds one event (types.h) with a short English detail.
 */
extern bool pgraft_state_apply(PgraftState *state, const PgraftEntry *entry);

/* The promotion with the newest term that has a record; NULL before the first. */
extern const PgraftPromotion *pgraft_state_last_record(const PgraftState *state);

/* The intent newer than every record, NULL if there is none. */
extern const PgraftPromotion *pgraft_state_pending_intent(const PgraftState *state);

extern const PgraftPromotion *pgraft_state_promotion(const PgraftState *state, uint64_t term);
extern const PgraftMember *pgraft_state_member(const PgraftState *state, int32_t node_id);

#endif
