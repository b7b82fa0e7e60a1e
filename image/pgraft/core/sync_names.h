/*
 * sync_names.h
 *	  Who confirms a commit: synchronous_standby_names from the membership (safety.md R10, R11).
 */
#ifndef PGRAFT_SYNC_NAMES_H
#define PGRAFT_SYNC_NAMES_H

#include "core/state_machine.h"
#include "core/types.h"

/* floor(n/2) for n voters: how many standbys must confirm a commit. */
extern int pgraft_sync_count(int n_voters);

/*
 * The value of synchronous_standby_names on node self for these voters (safety.md R10, R11): 'ANY k ("name_incarnation", ...)'
 * over all other voters, "" only if the voters are {self}.  A voter whose member entry or incarnation is unknown is listed as
 * "<id>_unknown", which no connection satisfies.  Returns the length, 0 < length < size, or -1 if it does not fit; for {self} 0.
 */
extern int pgraft_format_sync_names(const PgraftState *state, int32_t self, const int32_t *voters, int n_voters,
									char *buf, size_t size);

/*
 * application_name of a member's WAL receiver: its name, '_' and the first 8 digits of its incarnation.  A name of more than 54
 * characters is cut, since PostgreSQL cuts application_name to 63 bytes, but not the list that it is looked up in.
 */
extern void pgraft_application_name(const PgraftMember *member, char *buf, size_t size);

#endif
