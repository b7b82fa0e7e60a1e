/*
 * sync_setting.h
 *	  The include file of the role worker, and when its settings are in force.
 *
 * A setting is in force when the processes that apply it say so: for synchronous_standby_names the checkpointer and the walsenders, not the
 * backends (safety.md R12); for primary_conninfo the startup process (R5).  Each publishes the hash of the value that it applies, not of one
 * that it has read and refused.  The include file carries a number beside them, pgraft.sync_generation.
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
	bool patient; /* a stream that ends is not begun again at once */
} PgraftRoleConf;

/*
 * Make conf the server's: nothing if it is already; otherwise the file is written durably under a new generation and all
 * processes are told to reload.  Returns the generation.  ERROR if the file cannot be written.
 */
extern int pgraft_role_conf_apply(const PgraftRoleConf *conf);

/* Do all that apply synchronous_standby_names apply the wanted one? */
extern bool pgraft_sync_in_force(int generation);

/* Is a setting that asks for nobody's confirmation wanted, and is it in force, too? */
extern bool pgraft_sync_wants_nobody(void);
extern bool pgraft_sync_asks_nobody(void);

/* Has the startup process read the file of this generation, and does it apply its primary_conninfo? */
extern bool pgraft_startup_has(int generation);

/* Has it read that file, and applies another primary_conninfo, because postgresql.auto.conf wins? */
extern bool pgraft_startup_is_misled(int generation);

/* From the assign hooks. */
extern void pgraft_sync_generation_assign(int newval, void *extra);
extern void pgraft_sync_applied(const char *value);
extern void pgraft_conninfo_applied(const char *value);

/* This walsender is of no standby of ours: whatever its name is, it confirms nothing (R10). */
extern void pgraft_sync_confirm_nothing(void);

/* A new walsender inherits what the postmaster applies: publish that. */
extern void pgraft_publish_inherited_sync(void);

#endif
