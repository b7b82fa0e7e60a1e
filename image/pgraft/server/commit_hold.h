/*
 * commit_hold.h
 *	  Commits that wait at the gate, and those that have passed it: so that leadership is handed over with none under way.
 *
 * A commit that waits has written nothing yet.  It goes on when the others may, or fails without a trace when this server is no
 * longer the primary.
 */
#ifndef PGRAFT_COMMIT_HOLD_H
#define PGRAFT_COMMIT_HOLD_H

#include <stdbool.h>

/* Before a commit is checked: waits, interruptibly, while commits are held.  It is under way from then on. */
extern void pgraft_commit_begin(void);

/* Its fate is known; nothing if none is under way. */
extern void pgraft_commit_end(void);

/* From the role worker. */
extern void pgraft_commits_hold(void);
extern void pgraft_commits_release(void);

/* Is any process between pgraft_commit_begin() and pgraft_commit_end(), past the wait? */
extern bool pgraft_commits_under_way(void);

/* Does any process still wait, or has not told its client yet that it waited in vain? */
extern bool pgraft_commits_waiting(void);

#endif
