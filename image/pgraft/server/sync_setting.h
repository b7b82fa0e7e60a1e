/*
 * sync_setting.h
 *	  The include file of the role worker, and when its synchronous setting is in force.
 *
 * A setting is in force when the processes that apply it say so: the checkpointer and the walsenders, not the backends
 * (safety.md R12).  The include file carries a number, pgraft.sync_generation, beside synchronous_standby_names; its assign hook publishes
 * the number that a process has read.
 */
#ifndef PGRAFT_SYNC_SETTING_H
#define PGRAFT_SYNC_SETTING_H

#include <stdbool.h>
#include <stdint.h>

/* A setting that nobody can satisfy: for whenever it is not known who has to confirm (R11). */
#define PGRAFT_NOBODY "ANY 1 (\"pgraft_nobody\")"

/* What the include file says. */
typedef struct PgraftRoleConf
{
	char primary_conninfo[1024];
	char primary_slot_name[64];
	char synchronous_standby_names[1024];
} PgraftRoleConf;

/*
 * Make conf the server's: nothing if it is already; otherwise the file is written durably under a new generation and all
 * processes are told to reload.  Returns the generation.  ERROR if the file cannot be written.
 */
extern int pgraft_role_conf_apply(const PgraftRoleConf *conf);

extern bool pgraft_sync_in_force(int generation);

/* GUC assign hook. */
extern void pgraft_sync_generation_assign(int newval, void *extra);

/* A new walsender inherits what the postmaster had read: publish that. */
extern void pgraft_publish_inherited_generation(void);

#endif
