/*
 * gate.h
 *	  What a server refuses by itself: commits before its promotion is recorded, and WAL to standbys of another promotion.
 */
#ifndef PGRAFT_GATE_H
#define PGRAFT_GATE_H

/* From _PG_init. */
extern void pgraft_gate_install(void);

#endif
