/*
 * gate.h
 *	  What a server refuses by itself: commits before its promotion is recorded or without the lease, and WAL to standbys of another promotion.
 */
#ifndef PGRAFT_GATE_H
#define PGRAFT_GATE_H

/* From _PG_init. */
extern void pgraft_gate_install(void);

/* Would a commit of this moment be accepted? */
extern bool pgraft_commits_open(void);

#endif
