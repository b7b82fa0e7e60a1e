/*
 * status_change.h
 *	  What the role worker has to be woken for: Raft's status is published many times a second.
 */
#ifndef PGRAFT_STATUS_CHANGE_H
#define PGRAFT_STATUS_CHANGE_H

#include "net/status.h"

extern bool pgraft_matters_to_roles(const PgraftRaftStatus *a, const PgraftRaftStatus *b);

#endif
