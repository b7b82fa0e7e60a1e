/*
 * wal_end.h
 *	  Where the valid WAL on this server's disk ends (safety.md R2).
 */
#ifndef PGRAFT_WAL_END_H
#define PGRAFT_WAL_END_H

#include <stdbool.h>

#include "access/xlogdefs.h"

/* Before, this server's position is not known to shared memory. */
extern bool pgraft_replay_has_begun(void);

/*
 * End of the last whole record on disk: read from where replay is, segment by segment, each of the newest timeline of this data's history
 * that has it, as recovery itself chooses.  Only in recovery, once replay has begun and while no WAL receiver writes.
 */
extern XLogRecPtr pgraft_wal_end(void);

/* Beginning of the oldest segment in pg_wal, of whatever timeline; 0 if there is none. */
extern XLogRecPtr pgraft_wal_begin(void);

#endif
