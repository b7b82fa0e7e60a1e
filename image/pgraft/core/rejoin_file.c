/*
 * rejoin_file.c
 *	  See rejoin_file.h.
 */
#include "core/rejoin_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/chain_file.h"
#include "core/cluster_spec.h"
#include "core/text_parts.h"

static const char *const state_names[] = {
	[PGRAFT_REJOIN_REQUESTED] = "requested",
	[PGRAFT_REJOIN_WORKING] = "working",
	[PGRAFT_REJOIN_DONE] = "done",
};

#define LSN_FORMAT	 "%" PRIX32 "/%" PRIX32
#define LSN_ARGS(at) (uint32_t)((at) >> 32), (uint32_t) (at)

size_t
pgraft_rejoin_format(const PgraftRejoin *rejoin, char *buf, size_t size)
{
	size_t used = 0;
	int length = snprintf(buf, size,
						  "how %s\nstate %s\ndata %s\nnode %" PRId32 "\nhost %s\nport %u\nterm %" PRIu64 "\n"
						  "until " LSN_FORMAT "\nend " LSN_FORMAT "\n",
						  rejoin->clone ? "clone" : "rewind", state_names[rejoin->state],
						  rejoin->incomplete ? "incomplete" : "whole", rejoin->node_id,
						  rejoin->host[0] == '\0' ? "-" : rejoin->host, rejoin->port, rejoin->term,
						  LSN_ARGS(rejoin->until_lsn), LSN_ARGS(rejoin->old.end_lsn));

	for (int i = 0;; i++)
	{
		const PgraftPromotion *link = &rejoin->old.links[i];

		if (length < 0 || (size_t) length >= size - used)
			return 0;
		used += (size_t) length;
		if (i >= rejoin->old.n_links)
			return used;
		length =
			snprintf(buf + used, size - used, "link %" PRIu32 " %" PRIu64 " " LSN_FORMAT " %" PRIu32 " %" PRId32 "\n",
					 link->timeline, link->term, LSN_ARGS(link->fork_lsn), link->parent, link->node_id);
	}
}

static bool
parse_lsn(const char *value, uint64_t *lsn)
{
	return pgraft_take_lsn(&value, lsn) && *value == '\0';
}

static bool
parse_state(const char *value, PgraftRejoinState *state)
{
	for (int i = PGRAFT_REJOIN_REQUESTED; i <= PGRAFT_REJOIN_DONE; i++)
	{
		if (strcmp(value, state_names[i]) != 0)
			continue;
		*state = (PgraftRejoinState) i;
		return true;
	}
	return false;
}

static bool
parse_link(const char *value, PgraftReport *old)
{
	char line[128];
	const char *text = line;

	if (old->n_links == PGRAFT_REPORT_LINKS || strlen(value) + 2 > sizeof line)
		return false;
	(void) snprintf(line, sizeof line, "%.126s\n", value);
	return pgraft_link_take(&text, &old->links[old->n_links++]);
}

static bool
parse_number(const char *value, uint64_t max, uint64_t *number)
{
	return pgraft_take_number(&value, 10, max, number) && *value == '\0';
}

static bool
parse_host(const char *value, char *host)
{
	if (strcmp(value, "-") == 0)
		value = "";
	else if (!pgraft_host_valid(value))
		return false;
	memset(host, 0, PGRAFT_ADDRESS_SIZE);
	strcpy(host, value);
	return true;
}

static bool
parse_line(const char *key, const char *value, PgraftRejoin *rejoin)
{
	uint64_t number = 0;

	if (strcmp(key, "how") == 0)
	{
		rejoin->clone = strcmp(value, "clone") == 0;
		return rejoin->clone || strcmp(value, "rewind") == 0;
	}
	if (strcmp(key, "state") == 0)
		return parse_state(value, &rejoin->state);
	if (strcmp(key, "data") == 0)
	{
		rejoin->incomplete = strcmp(value, "incomplete") == 0;
		return rejoin->incomplete || strcmp(value, "whole") == 0;
	}
	if (strcmp(key, "host") == 0)
		return parse_host(value, rejoin->host);
	if (strcmp(key, "until") == 0)
		return parse_lsn(value, &rejoin->until_lsn);
	if (strcmp(key, "end") == 0)
		return parse_lsn(value, &rejoin->old.end_lsn);
	if (strcmp(key, "link") == 0)
		return parse_link(value, &rejoin->old);
	if (strcmp(key, "term") == 0)
		return parse_number(value, UINT64_MAX, &rejoin->term);
	if (strcmp(key, "node") == 0 && parse_number(value, PGRAFT_MAX_NODES, &number))
	{
		rejoin->node_id = (int32_t) number;
		return true;
	}
	if (strcmp(key, "port") == 0 && parse_number(value, UINT16_MAX, &number))
	{
		rejoin->port = (uint16_t) number;
		return true;
	}
	return false;
}

static const char *const required[] = {"how", "state", "data", "until", "end"};

#define N_REQUIRED (sizeof required / sizeof required[0])

static void
note_seen(const char *key, bool *seen)
{
	for (size_t i = 0; i < N_REQUIRED; i++)
		if (strcmp(key, required[i]) == 0)
			seen[i] = true;
}

bool
pgraft_rejoin_parse(const char *text, PgraftRejoin *rejoin, char *err, size_t err_size)
{
	bool seen[N_REQUIRED] = {false};

	memset(rejoin, 0, sizeof *rejoin);
	while (*text != '\0')
	{
		char line[512];
		const char *end = strchr(text, '\n');
		size_t length = end == NULL ? 0 : (size_t) (end - text);
		char *value;

		if (end == NULL || length >= sizeof line)
		{
			(void) snprintf(err, err_size, "a line is cut off or too long: %.60s", text);
			return false;
		}
		memcpy(line, text, length);
		line[length] = '\0';
		value = strchr(line, ' ');
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || !parse_line(line, value, rejoin))
		{
			(void) snprintf(err, err_size, "cannot be understood: %.60s", text);
			return false;
		}
		note_seen(line, seen);
		text = end + 1;
	}
	for (size_t i = 0; i < N_REQUIRED; i++)
	{
		if (seen[i])
			continue;
		(void) snprintf(err, err_size, "there is no line \"%s\"", required[i]);
		return false;
	}
	return true;
}
