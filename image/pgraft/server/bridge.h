/*
 * bridge.h
 *	  The consensus worker's bridge to shared memory: what Raft tells goes to the other processes, what they ask for goes to Raft.
 */
#ifndef PGRAFT_BRIDGE_H
#define PGRAFT_BRIDGE_H

#include "net/consensus.h"

/* All hooks but fatal. */
extern void pgraft_bridge_hooks(PgraftConsensusHooks *hooks);

/* At the start of the worker, before libraft; whenever it was woken; and at its end. */
extern void pgraft_bridge_begin(void);
extern void pgraft_bridge_serve(void);
extern void pgraft_bridge_end(void);

#endif
