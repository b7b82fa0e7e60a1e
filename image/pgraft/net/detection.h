/*
 * detection.h
 *	  Finding out at once that the leader has died, instead of waiting for the election timeout; core/suspicion.h has the rules.
 *
 * When a process dies its kernel closes its sockets, so that a link of net/peers.h with it ends, and the WAL stream from it.  This server then asks
 * where the link was last made, at the port of what has ended, with a bare connection to the kernel there: no name is resolved and nobody is
 * greeted.  A leader that is taken for dead is no leader less: its followers only stand for election sooner, and still ask each other first
 * (Raft's pre-vote).
 */
#ifndef PGRAFT_DETECTION_H
#define PGRAFT_DETECTION_H

#include <uv.h>

#include "core/suspicion.h"

struct PgraftConsensus;
struct PgraftProbe;

typedef struct PgraftDetection
{
	PgraftSuspicion suspicion;
	PgraftSilence silence;
	struct PgraftProbe *probe; /* NULL: it is not being asked */
	uv_timer_t timer;		   /* until there is no answer, or until it is asked again */
} PgraftDetection;

extern void pgraft_detection_init(struct PgraftConsensus *g);
extern void pgraft_detection_turn(struct PgraftConsensus *g);

/* A link with it has ended; the stream of WAL that this server received has; the leader of this term has been heard. */
extern void pgraft_detection_link_ended(struct PgraftConsensus *g, int32_t node_id);
extern void pgraft_detection_stream_ended(struct PgraftConsensus *g);
extern void pgraft_detection_heard(struct PgraftConsensus *g, int32_t from, uint64_t term);

/* The election timeout of this server, now. */
extern unsigned pgraft_detection_timeout(const struct PgraftConsensus *g);

#endif
