/*
 * rejoin_file.h
 *	  The text of <pgraft.data_dir>/rejoin: data that has to be rewound or cloned, and what it was worth before (safety.md R3).
 *
 * The role worker writes it before it stops the server; the entry point does the work and notes how far it is; the role worker removes it
 * once the new data is as complete as the primary's was when the work began.  Until then the server reports the old position, as a
 * witness.  Lines of "key value", in any order; unknown keys are an error.
 */
#ifndef PGRAFT_REJOIN_FILE_H
#define PGRAFT_REJOIN_FILE_H

#include "core/types.h"

typedef enum PgraftRejoinState
{
	PGRAFT_REJOIN_REQUESTED = 1, /* the data is as it was */
	PGRAFT_REJOIN_WORKING,		 /* it may be half done, and must not be started */
	PGRAFT_REJOIN_DONE			 /* new data, not complete yet */
} PgraftRejoinState;

typedef struct PgraftRejoin
{
	bool clone; /* otherwise rewind */
	PgraftRejoinState state;
	bool incomplete; /* the data was not whole even before: an earlier rejoin had not come to its end */
	int32_t node_id; /* the primary; 0 if none is known */
	char host[PGRAFT_ADDRESS_SIZE];
	uint16_t port; /* of its PostgreSQL */
	uint64_t term; /* of its promotion */
	uint64_t until_lsn;
	PgraftReport old; /* position of the old data; term is not in the file */
} PgraftRejoin;

/* Returns the length written (without NUL), or 0 if it does not fit. */
extern size_t pgraft_rejoin_format(const PgraftRejoin *rejoin, char *buf, size_t size);

/* false: not such a text, with a reason in err. */
extern bool pgraft_rejoin_parse(const char *text, PgraftRejoin *rejoin, char *err, size_t err_size);

#endif
