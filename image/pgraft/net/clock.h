/*
 * clock.h
 *	  The two clocks: one that only moves on, also while the machine is suspended, and the time of day for events.
 */
#ifndef PGRAFT_CLOCK_H
#define PGRAFT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
pgraft_clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Milliseconds since boot. */
static inline int64_t
pgraft_now_ms(void)
{
	return pgraft_clock_ms(CLOCK_BOOTTIME);
}

/* Milliseconds of Unix time. */
static inline int64_t
pgraft_wall_ms(void)
{
	return pgraft_clock_ms(CLOCK_REALTIME);
}

#endif
