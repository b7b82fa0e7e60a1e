/*
 * sync_names.c
 *	  See sync_names.h.  What is unknown is answered by a setting that nobody satisfies.
 */
#include "core/sync_names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * application_name is cut to 63 bytes by PostgreSQL, synchronous_standby_names is not: a longer name would never match,
 * and no commit would ever be confirmed.
 */
#define APPLICATION_NAME_MAX 63
#define INCARNATION_DIGITS	 8

int
pgraft_sync_count(int n_voters)
{
	return n_voters / 2;
}

void
pgraft_application_name(const PgraftMember *member, char *buf, size_t size)
{
	if (member->name[0] == '\0' || strlen(member->incarnation) < INCARNATION_DIGITS)
		(void) snprintf(buf, size, "%" PRId32 "_unknown", member->node_id);
	else
		(void) snprintf(buf, size, "%.*s_%.*s", APPLICATION_NAME_MAX - 1 - INCARNATION_DIGITS, member->name,
						INCARNATION_DIGITS, member->incarnation);
}

static void append(char *buf, size_t size, size_t *used, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* *used is size once something did not fit. */
static void
append(char *buf, size_t size, size_t *used, const char *format, ...)
{
	va_list args;
	int length;

	if (*used >= size)
		return;
	va_start(args, format);
	length = vsnprintf(buf + *used, size - *used, format, args);
	va_end(args);
	*used = (length < 0 || (size_t) length >= size - *used) ? size : *used + (size_t) length;
}

static void
append_voter(const PgraftState *state, int32_t node_id, bool first, char *buf, size_t size, size_t *used)
{
	const PgraftMember unknown = {.node_id = node_id};
	const PgraftMember *member = pgraft_state_member(state, node_id);
	char name[APPLICATION_NAME_MAX + 1];

	pgraft_application_name(member != NULL ? member : &unknown, name, sizeof(name));
	append(buf, size, used, "%s\"%s\"", first ? "" : ", ", name);
}

static bool
contains(const int32_t *ids, int n, int32_t id)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * A majority of the voters must hold a commit.  self is one of them as a rule; while it is none (being removed) its own
 * copy does not count, and one more must confirm.
 */
int
pgraft_format_sync_names(const PgraftState *state, int32_t self, const int32_t *voters, int n_voters, char *buf,
						 size_t size)
{
	bool self_votes = contains(voters, n_voters, self);
	int n_others = 0;
	size_t used = 0;

	if (size == 0)
		return -1;
	buf[0] = '\0';
	if (n_voters == 1 && self_votes)
		return 0;
	append(buf, size, &used, "ANY %d (", pgraft_sync_count(n_voters) + (self_votes ? 0 : 1));
	for (int i = 0; i < n_voters; i++)
	{
		if (voters[i] == self)
			continue;
		append_voter(state, voters[i], n_others == 0, buf, size, &used);
		n_others++;
	}

	/* An unknown configuration must not mean "release every waiting commit", nor be a syntax error. */
	if (n_others == 0)
		append_voter(state, 0, true, buf, size, &used);
	append(buf, size, &used, ")");
	if (used < size)
		return (int) used;
	buf[0] = '\0';
	return -1;
}
