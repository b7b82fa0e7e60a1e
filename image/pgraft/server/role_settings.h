/*
 * role_settings.h
 *	  The settings of PostgreSQL that only the role worker sets: who confirms commits, and whom this server streams from.
 *
 * A value that is not the wanted one of the moment is refused where it would be applied, so that neither ALTER SYSTEM nor an edited file can
 * release waiting commits or make a standby follow somebody else (safety.md R5, R11, R12).
 */
#ifndef PGRAFT_ROLE_SETTINGS_H
#define PGRAFT_ROLE_SETTINGS_H

#include "server/sync_setting.h"

/* From _PG_init.  FATAL if the server would begin by streaming from somebody. */
extern void pgraft_role_settings_guard(void);

/* When shared memory is made: what the server starts with is wanted until the role worker says otherwise. */
extern void pgraft_want_present_settings(void);

/* Before the include file says so. */
extern void pgraft_want_settings(const PgraftRoleConf *conf);

/* Never 0, which stands for a value that is not known. */
extern uint64 pgraft_value_hash(const char *value);

#endif
