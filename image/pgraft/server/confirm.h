/*
 * confirm.h
 *	  Is a commit on a majority?
 */
#ifndef PGRAFT_CONFIRM_H
#define PGRAFT_CONFIRM_H

#include <stdbool.h>

#include "access/xlogdefs.h"

/*
 * Has a majority flushed everything up to end?  The walsenders have counted so, under the setting that they apply, or the setting that asks for
 * nobody (a cluster of one server) is wanted and in force.  That a waiting commit was let go is no proof (safety.md R11, R16).
 */
extern bool pgraft_is_confirmed(XLogRecPtr end);

/* Does a commit of this moment wait for anybody? */
extern bool pgraft_confirmation_asked(void);

/*
 * For a commit that did not wait, as in a cluster of one server, and now finds a setting that asks for more: wait for that.  Also for one that was
 * let go because nobody is asked any more, which not every walsender knows yet.
 */
extern void pgraft_await_new_setting(XLogRecPtr end);

/* End of the PREPARE record that this process has just written, 0 if its last record is none. */
extern XLogRecPtr pgraft_prepare_end(void);

#endif
