/*
 * lease.c
 *	  See lease.h.
 */
#include "core/lease.h"

/* How many of the voters have answered a beat that was sent then or later? */
static int
answered_since(const int64_t *answered_ms, int n, int64_t since_ms)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += answered_ms[i] >= since_ms;
	return count;
}

int64_t
pgraft_lease_until(const int64_t *answered_ms, int n, int64_t timeout_ms)
{
	int64_t newest = 0;

	for (int i = 0; i < n; i++)
		if (answered_ms[i] > newest && answered_since(answered_ms, n, answered_ms[i]) > n / 2)
			newest = answered_ms[i];
	return newest == 0 ? 0 : newest + timeout_ms;
}
