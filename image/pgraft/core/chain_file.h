/*
 * chain_file.h
 *	  The text of <data directory>/pgraft.chain: the promotions in this data's history (safety.md R1).
 *
 * One link a line, oldest first: "timeline term fork_lsn parent_timeline node_id", fork_lsn as PostgreSQL writes it (0/3000148, "0/0"
 * while unknown); '#' begins a comment line.  Text, so that the entry point (bash) and an operator can read it.  The first line, a comment,
 * ends with ", crc32 " and the CRC-32 (IEEE) of all lines behind it, in hex; one without is believed as it is.
 */
#ifndef PGRAFT_CHAIN_FILE_H
#define PGRAFT_CHAIN_FILE_H

#include "core/types.h"

/* Returns the length written (without NUL), or 0 if it does not fit. */
extern size_t pgraft_chain_format(const PgraftPromotion *links, int n, char *buf, size_t size);

/* Returns the number of links, or -1 with a reason in err: a line that is no link, terms or timelines not ascending, too many. */
extern int pgraft_chain_parse(const char *text, PgraftPromotion *links, int max, char *err, size_t err_size);

/* One link up to the end of its line; *text is behind it afterwards.  false: it is none. */
extern bool pgraft_link_take(const char **text, PgraftPromotion *link);

#endif
