/*
 * sql_status.h
 *	  What the SQL functions that read have in common.
 */
#ifndef PGRAFT_SQL_STATUS_H
#define PGRAFT_SQL_STATUS_H

#include "net/status.h"

extern const char *pgraft_raft_role_name(PgraftRaftRole role);

#endif
