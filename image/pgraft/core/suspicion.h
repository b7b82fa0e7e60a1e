/*
 * suspicion.h
 *	  Is the leader dead?  What a follower concludes from the end of a link with it, and how it stands for election then: no sockets, no clock.
 *
 * The end of a link proves nothing: it only makes the follower ask whether the leader's process still listens (net/detection.c).  What it then
 * learns decides.  Nothing that was learned before the link ended counts, and little that is heard just after: that may have been under way when its
 * sender died.
 *
 * The WAL stream of a server that dies ends some 30 ms sooner: before it closes the links, the kernel takes down libraft's asynchronous writes.  So
 * its end makes the follower ask too.  But a leader whose stream alone has ended is dead only if its postmaster is gone.
 *
 * Only a message that nobody but the leader of that term sends is a sign of life: a process that was started again answers too, and leads no more.
 */
#ifndef PGRAFT_SUSPICION_H
#define PGRAFT_SUSPICION_H

#include <stdbool.h>
#include <stdint.h>

/* Without an answer for so long it is dead; one that lives is heard meanwhile. */
extern unsigned pgraft_no_answer_ms(unsigned heartbeat_interval_ms);

/* It is asked again so long after a connection that was begun and broke. */
#define PGRAFT_ASK_AGAIN_MS 2

/* So long after each other the voters stand for election. */
#define PGRAFT_ONE_BY_ONE_MS 100

typedef enum PgraftProbeAnswer
{
	PGRAFT_PROBE_REFUSED = 0, /* nobody listens there */
	PGRAFT_PROBE_NO_ANSWER,	  /* neither accepted nor refused in pgraft_no_answer_ms() */
	PGRAFT_PROBE_UNREACHABLE,
	PGRAFT_PROBE_RESET,	  /* broken while or after it was made */
	PGRAFT_PROBE_ACCEPTED /* by the kernel: somebody listens there, who may be stalled */
} PgraftProbeAnswer;

typedef enum PgraftVerdict
{
	PGRAFT_UNDECIDED = 0,
	PGRAFT_ASK,		 /* ask it, now or in PGRAFT_ASK_AGAIN_MS */
	PGRAFT_DEAD,	 /* from now on taken for it */
	PGRAFT_LIVES,	 /* the suspicion is over */
	PGRAFT_UNFOUNDED /* it is over, and nothing was learned of the leader */
} PgraftVerdict;

typedef struct PgraftSuspicion
{
	int32_t leader; /* 0: no suspicion */
	uint64_t term;
	int64_t since_ms;
	bool by_stream;	   /* its postmaster is asked, not its consensus worker */
	bool accepted;	   /* it listens, as far as it was asked */
	bool heard;		   /* since then */
	int64_t judged_ms; /* it is taken for dead since then; 0: it is not */
} PgraftSuspicion;

/* A link with the leader of this term has ended. */
extern PgraftVerdict pgraft_suspicion_raise(PgraftSuspicion *s, int32_t leader, uint64_t term, int64_t now_ms);

/* The WAL stream has ended, and it is the leader of this term. */
extern PgraftVerdict pgraft_suspicion_raise_by_stream(PgraftSuspicion *s, int32_t leader, uint64_t term,
													  int64_t now_ms);

/* The leader of this term has said something. */
extern PgraftVerdict pgraft_suspicion_hear(PgraftSuspicion *s, int32_t from, uint64_t term, int64_t now_ms);

/* It was asked. */
extern PgraftVerdict pgraft_suspicion_answer(PgraftSuspicion *s, PgraftProbeAnswer answer, int64_t now_ms);

/* The term is this one: has the suspicion just come to its end, or is nothing following from it any more? */
extern bool pgraft_suspicion_over(PgraftSuspicion *s, uint64_t term, int64_t now_ms);

/*
 * The election timeout of a voter that takes the leader for dead; 0: the usual one.  rank: how many of the other voters that may have survived
 * come before this one.
 */
extern unsigned pgraft_suspicion_timeout(const PgraftSuspicion *s, int rank, bool candidate, int64_t now_ms);

/* The longest time that a leader was not heard by this server, and then was: by one that is dead nothing is proven. */
typedef struct PgraftSilence
{
	int32_t leader;
	uint64_t term;
	int64_t heard_ms;
	int64_t longest_ms;
} PgraftSilence;

extern void pgraft_silence_hear(PgraftSilence *silence, int32_t from, uint64_t term, int64_t now_ms);

#endif
