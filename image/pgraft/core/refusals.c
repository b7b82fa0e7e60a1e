/*
 * refusals.c
 *	  See refusals.h.
 */
#include "core/refusals.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static bool
is_due(const PgraftRefusedHost *entry, int64_t now_ms)
{
	return entry->logged_ms == 0 || now_ms - entry->logged_ms >= PGRAFT_REFUSAL_INTERVAL_MS;
}

/* The oldest makes room, but only once its interval is over: otherwise a crowd of hosts would be logged without an end. */
static PgraftRefusedHost *
entry_of(PgraftRefusals *refusals, const char *host, int64_t now_ms)
{
	PgraftRefusedHost *oldest = &refusals->hosts[0];

	for (size_t i = 0; i < PGRAFT_REFUSAL_HOSTS; i++)
	{
		PgraftRefusedHost *entry = &refusals->hosts[i];

		if (strncmp(entry->host, host, sizeof(entry->host) - 1) == 0 && entry->logged_ms != 0)
			return entry;
		if (entry->logged_ms < oldest->logged_ms)
			oldest = entry;
	}
	if (!is_due(oldest, now_ms))
		return &refusals->others;
	*oldest = (PgraftRefusedHost){0};
	snprintf(oldest->host, sizeof(oldest->host), "%s", host);
	return oldest;
}

bool
pgraft_refusals_note(PgraftRefusals *refusals, const char *host, int64_t now_ms, uint64_t *unlogged, bool *crowd)
{
	PgraftRefusedHost *entry = entry_of(refusals, host, now_ms);

	*crowd = entry == &refusals->others;
	*unlogged = entry->unlogged;
	if (!is_due(entry, now_ms))
	{
		entry->unlogged++;
		return false;
	}
	entry->logged_ms = now_ms;
	entry->unlogged = 0;
	return true;
}
