/*
 * leadership_log.h
 *	  The lines of the server's log that tell an election step by step: each once, as it becomes known to this server.
 */
#ifndef PGRAFT_LEADERSHIP_LOG_H
#define PGRAFT_LEADERSHIP_LOG_H

#include "net/status.h"

extern void pgraft_log_leadership(const PgraftRaftStatus *before, const PgraftRaftStatus *now);

#endif
